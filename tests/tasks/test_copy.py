"""The copy task against a plain loop, and its contract."""

import numpy as np
import pytest

from keras_s4ntm.tasks import Copy


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


@pytest.mark.parametrize(
    ("fields", "split", "share"),
    [
        ({"zero_vectors": 0.25}, "train", 0.25),
        ({"zero_vectors": 0.25}, "validation", 0),
        ({"zero_vectors": 0.25}, "test", 0),
        ({}, "train", 0),  # the task of the paper
    ],
    ids=str,
)
def test_bits_are_fair_and_only_half_of_the_training_has_more_zero_vectors(fields, split, share):
    batch = Copy(min_length=40, max_length=40, **fields).batch(split, 0, 0, 2000)
    vectors = batch.inputs[:, 1:41, :8]
    zero = vectors.max(-1) == 0
    expected = share / 2 + (1 - share / 2) / 256
    assert abs(zero.mean() - expected) < 0.01
    with_more = zero.mean(1) > 0.05
    assert abs(with_more.mean() - (0.5 if share else 0)) < 0.03
    assert abs(vectors[~zero].mean() - 0.5 * 256 / 255) < 0.01


def test_zero_vectors_change_nothing_else_that_is_drawn():
    plain, more = (Copy(zero_vectors=share).batch("train", 0, 0, 50) for share in (0.0, 0.5))
    np.testing.assert_array_equal(plain.mask, more.mask)
    zero = more.inputs[..., :8].max(-1) == 0
    np.testing.assert_array_equal(plain.inputs[~zero], more.inputs[~zero])


def test_every_batch_of_a_task_has_the_same_shape(rng):
    shapes = {tuple(a.shape for a in Copy().sample(rng, 4)) for _ in range(20)}
    assert shapes == {((4, 42, 10), (4, 42, 8), (4, 42))}


def test_settings_are_of_one_length_each():
    for label, task in Copy().settings([20, 120]):
        mask = task.batch("test", 0, 0, 5).mask
        np.testing.assert_array_equal(mask.sum(1), label["length"])
    assert [label["length"] for label, _ in Copy().settings()] == [20, 40, 60, 100, 120]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_length": -1}, "max_length must be at least 1, got -1"),
        ({"bits": 0}, "bits must be at least 1"),
        ({"zero_vectors": 1.0}, r"zero_vectors must be in \[0, 1\)"),
        ({"min_length": 7, "max_length": 6}, "min_length=7 is larger than max_length=6"),
    ],
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Copy(**fields)
