"""The copy task against a plain loop, and its contract."""

import numpy as np
import pytest

from keras_s4ntm.tasks import TASKS, Copy


def sequence_by_hand(vectors, time):
    """One sequence written down step by step, as in section 4.1 of the paper."""
    length, bits = vectors.shape
    inputs, targets, mask = np.zeros((time, bits + 2)), np.zeros((time, bits)), np.zeros(time)
    inputs[0, bits] = 1
    for i, vector in enumerate(vectors):
        inputs[1 + i, :bits] = vector
        targets[length + 2 + i] = vector
        mask[length + 2 + i] = 1
    inputs[length + 1, bits + 1] = 1
    return inputs, targets, mask


def test_every_sequence_is_what_the_paper_describes(rng):
    batch = Copy(min_length=1, max_length=6).sample(rng, 64)
    assert {a.dtype for a in batch} == {np.dtype("float32")}
    for inputs, targets, mask in zip(*batch, strict=True):
        length = int(mask.sum())
        by_hand = sequence_by_hand(inputs[1 : length + 1, :8], time=14)
        for actual, expected in zip((inputs, targets, mask), by_hand, strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_lengths_vary_within_a_batch_and_cover_the_range_evenly(rng):
    lengths = Copy(min_length=3, max_length=6).sample(rng, 4000).mask.sum(1)
    counts = [np.mean(lengths == n) for n in (3, 4, 5, 6)]
    np.testing.assert_allclose(counts, 0.25, atol=0.03)


def test_bits_are_fair(rng):
    batch = Copy(min_length=5, max_length=5).sample(rng, 2000)
    assert abs(batch.inputs[:, 1:6, :8].mean() - 0.5) < 0.01


def test_every_batch_of_a_task_has_the_same_shape(rng):
    shapes = {tuple(a.shape for a in Copy().sample(rng, 4)) for _ in range(20)}
    assert shapes == {((4, 42, 10), (4, 42, 8), (4, 42))}


def test_settings_are_of_one_length_each():
    for label, task in Copy().settings([20, 120]):
        mask = task.batch(0, 0, 0, 5).mask
        np.testing.assert_array_equal(mask.sum(1), label["length"])
    assert [label["length"] for label, _ in Copy().settings()] == [20, 40, 60, 100, 120]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_length": -1}, "max_length must be at least 1, got -1"),
        ({"bits": 0}, "bits must be at least 1"),
        ({"min_length": 7, "max_length": 6}, "min_length=7 is larger than max_length=6"),
    ],
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Copy(**fields)


@pytest.mark.parametrize("name", TASKS)
def test_batches_are_a_pure_function_of_seed_epoch_and_index(name):
    task = TASKS[name]()
    first = task.batch(seed=1, epoch=2, index=3, batch_size=4)
    for same, again in zip(first, task.batch(1, 2, 3, 4), strict=True):
        np.testing.assert_array_equal(same, again)
    for other in ((0, 2, 3), (1, 0, 3), (1, 2, 0)):
        assert (task.batch(*other, 4).inputs != first.inputs).any()


@pytest.mark.parametrize("name", TASKS)
def test_a_batch_has_the_sizes_that_its_task_says(name):
    task = TASKS[name]()
    inputs, targets, mask = task.batch(0, 0, 0, 3)
    assert inputs.shape[0] == targets.shape[0] == mask.shape[0] == 3
    assert inputs.shape[-1] == task.input_size
    assert targets.shape[-1] == task.output_size
    assert inputs.shape[:2] == targets.shape[:2] == mask.shape
