"""Sequential MNIST: splits, order of the pixels, resampling, and what happens without data."""

import subprocess
import sys

import numpy as np
import pytest
from helpers import task_of

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks import PermutedMNIST, SeqMNIST
from keras_s4ntm.tasks.seq_mnist import bit_reversal, images_and_labels, resample

pytestmark = pytest.mark.once


def test_resampling_by_area_equals_the_mean_over_finer_pixels(rng):
    """28 pixels to 16: cut every pixel into 4 x 4, then take means of 7 x 7 of those."""
    images = rng.random((2, 28, 28))
    fine = images.repeat(4, axis=1).repeat(4, axis=2)
    expected = fine.reshape(2, 16, 7, 16, 7).mean(axis=(2, 4))
    np.testing.assert_allclose(resample(images, 16), expected, atol=1e-12)
    np.testing.assert_allclose(resample(images, 28), images, atol=1e-12)
    np.testing.assert_allclose(resample(images, 1)[:, 0, 0], images.mean((1, 2)), atol=1e-12)


def test_bit_reversal_is_that_of_the_well_known_code():
    np.testing.assert_array_equal(bit_reversal(8), [0, 4, 2, 6, 1, 5, 3, 7])
    np.testing.assert_array_equal(bit_reversal(6), [0, 4, 2, 1, 5, 3])
    assert sorted(bit_reversal(784)) == list(range(784))


def test_pixels_come_row_by_row_normalised_or_in_the_order_of_the_permutation(tmp_path):
    plain = task_of("seq-mnist", resolution=8)
    images, labels = images_and_labels("test")
    batch = plain.batch("test", seed=0, index=2, batch_size=5)
    expected = resample(images[10:15] / 255.0, 8).reshape(5, 64)
    np.testing.assert_allclose(batch.inputs[..., 0], (expected - 0.1307) / 0.3081, atol=1e-5)
    np.testing.assert_array_equal(batch.targets, labels[10:15])
    file = tmp_path / "order.npy"
    np.save(file, np.random.default_rng(1).permutation(64).astype("uint8"))
    for fields, order in (
        (
            {"permutation": "random", "permutation_seed": 7},
            np.random.default_rng(7).permutation(64),
        ),
        ({"permutation": "bit-reversal"}, bit_reversal(64)),
        ({"permutation": "file", "permutation_file": str(file)}, np.load(file)),
    ):
        task = SeqMNIST(resolution=8, **fields)
        permuted = task.batch("test", 0, 2, 5).inputs
        np.testing.assert_array_equal(permuted, batch.inputs[:, order])


def test_pmnist_is_seq_mnist_in_the_order_of_a_random_permutation():
    assert (
        PermutedMNIST().pixel_order().tolist()
        == SeqMNIST(permutation="random").pixel_order().tolist()
    )
    assert PermutedMNIST(permutation="bit-reversal").pixel_order()[1] == 512
    assert PermutedMNIST(permutation_seed=1).pixel_order()[0] != PermutedMNIST().pixel_order()[0]


@pytest.mark.parametrize(
    "content",
    [
        np.arange(63),  # too short
        np.arange(1, 65),
        np.zeros(64, int),
        np.arange(64.0),
        np.arange(64).reshape(8, 8),
        np.array(64),
        np.array([0, "one"], object),  # which only pickle could read
    ],
    ids=str,
)
def test_a_file_that_holds_no_permutation_is_refused(tmp_path, content):
    file = tmp_path / "order.npy"
    np.save(file, content, allow_pickle=True)
    task = SeqMNIST(resolution=8, permutation="file", permutation_file=str(file))
    with pytest.raises(DataError, match=r"order.npy (holds no permutation|cannot be read as)"):
        task.pixel_order()


def test_a_file_that_is_not_there_or_is_no_array_is_refused(tmp_path):
    (tmp_path / "text.npy").write_text("0 1 2")
    (tmp_path / "empty.npy").touch()
    np.savez(tmp_path / "several.npz", order=np.arange(784))
    for name in ("text.npy", "empty.npy", "none.npy", ".", "several.npz"):
        task = SeqMNIST(permutation="file", permutation_file=str(tmp_path / name))
        with pytest.raises(DataError, match=r"permutation_file=.*(npy file|no permutation)"):
            task.pixel_order()


def test_a_pass_shows_every_training_image_once_and_the_next_in_another_order():
    task = task_of("seq-mnist", resolution=1)
    assert [task.size(split) for split in ("train", "validation", "test")] == [54000, 6000, 10000]
    passes = [
        np.concatenate([task.batch("train", 3, index, 1000).targets for index in range(*steps)])
        for steps in ((0, 54), (54, 108))
    ]
    labels = images_and_labels("train")[1][:54000]
    for shown in passes:
        np.testing.assert_array_equal(np.bincount(shown), np.bincount(labels))
    assert (passes[0] != passes[1]).any()


def test_splits_share_no_image():
    task = task_of("seq-mnist", resolution=28)
    validation = task.batch("validation", 0, 0, 6000)
    images, labels = images_and_labels("train")
    np.testing.assert_array_equal(validation.targets, labels[54000:])
    first = (images[54000].reshape(-1) / 255.0 - 0.1307) / 0.3081
    np.testing.assert_allclose(validation.inputs[0, :, 0], first, atol=1e-5)


def test_without_data_and_network_one_sentence_says_what_to_do(tmp_path):
    """TFDS as it fails without a network; the real one tries again for minutes."""
    script = f"""
import os
os.environ["TFDS_DATA_DIR"] = {str(tmp_path)!r}
import tensorflow_datasets as tfds
from unittest import mock
from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks import SeqMNIST
fails = mock.Mock(side_effect=ConnectionError("no route"))
with mock.patch.object(tfds.core.DatasetBuilder, "download_and_prepare", fails):
    try:
        SeqMNIST().batch("train", 0, 0, 4)
    except DataError as error:
        print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    for part in (str(tmp_path), "could not be downloaded", "--data-dir", "TFDS_DATA_DIR"):
        assert part in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"resolution": 0}, "resolution must be from 1 to 28, got 0"),
        ({"resolution": 56}, "resolution must be from 1 to 28, got 56"),
        ({"permutation": "rows"}, "permutation must be one of none, random, bit-reversal"),
        ({"permutation_seed": -1}, "permutation_seed must not be negative"),
        ({"permutation": "file"}, "permutation=file and permutation_file=PATH belong together"),
        ({"permutation_file": "order.npy"}, "got permutation=none and permutation_file=order.npy"),
    ],
    ids=str,
)
def test_impossible_settings_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        SeqMNIST(**fields)


def test_lengths_are_refused_for_a_task_of_one_length():
    with pytest.raises(ValueError, match="one length only"):
        SeqMNIST().settings([20])
