"""Adding against a plain sum, and what the guesses cost that are always there."""

import numpy as np
import pytest

from keras_s4ntm.tasks import Adding

pytestmark = pytest.mark.once


@pytest.mark.parametrize("length", [200, 7, 2])
def test_the_target_is_the_sum_of_the_marked_numbers_one_in_each_half(rng, length):
    batch = Adding(length).sample(rng, 64)
    assert batch.inputs.shape == (64, length, 2)
    assert batch.targets.shape == (64, length, 1)
    for inputs, targets, mask in zip(*batch, strict=True):
        marked = [t for t in range(length) if inputs[t, 1] == 1]
        assert all(mark in (0, 1) for mark in inputs[:, 1])
        first, second = marked
        assert first < length // 2 <= second
        assert targets[-1, 0] == np.float32(inputs[first, 0] + inputs[second, 0])
        np.testing.assert_array_equal(targets[:-1], 0)
        np.testing.assert_array_equal(mask, [0] * (length - 1) + [1])


def test_marks_are_uniform_in_their_halves_and_numbers_from_0_to_1(rng):
    inputs = Adding(5).sample(rng, 12_000).inputs
    np.testing.assert_allclose(inputs[..., 1].mean(0), [1 / 2] * 2 + [1 / 3] * 3, atol=0.02)
    histogram, _ = np.histogram(inputs[..., 0], bins=4, range=(0, 1))
    assert histogram.sum() == 60_000
    np.testing.assert_allclose(histogram / 60_000, 1 / 4, atol=0.01)


def test_to_answer_1_always_costs_a_sixth_and_to_know_one_number_a_twelfth(rng):
    batch = Adding(10).sample(rng, 50_000)
    numbers, marks = batch.inputs[..., 0], batch.inputs[..., 1]
    wanted = batch.targets[:, -1, 0]
    constant = [np.mean((wanted - answer) ** 2) for answer in (0.9, 1.0, 1.1)]
    assert constant[1] == min(constant)
    assert constant[1] == pytest.approx(1 / 6, abs=0.003)
    second = (numbers * marks)[:, 5:].sum(1)
    assert np.mean((wanted - 0.5 - second) ** 2) == pytest.approx(1 / 12, abs=0.002)


def test_settings_and_levels_are_of_their_length():
    task = Adding(4)
    assert [label["length"] for label, _ in task.settings()] == [4, 8]
    assert [level.length for level in task.levels()] == [2, 3, 4]
    ((label, longer),) = task.settings([1000])
    assert label == {"length": 1000}
    assert longer.batch("test", 0, 0, 2).inputs.shape == (2, 1000, 2)


def test_impossible_difficulty_is_refused():
    with pytest.raises(ValueError, match="length must be at least 2, got 1"):
        Adding(length=1)
