"""Frequency discrimination: periods measured back from the samples, and what cannot be told."""

import math

import numpy as np
import pytest

from keras_s4ntm.tasks import FrequencyDiscrimination

pytestmark = pytest.mark.once


def seen_frequency(values):
    """Cycles a time step, from 0 to 1/2, of samples of a sine: x_{t+1} + x_{t-1} = 2 cos(w) x_t."""
    above = sum((values[t + 1] + values[t - 1]) * values[t] for t in range(1, len(values) - 1))
    below = sum(2 * values[t] ** 2 for t in range(1, len(values) - 1))
    return math.acos(min(max(above / below, -1.0), 1.0)) / (2 * math.pi)


def periods(batch, sampling_period):
    """The period of each sequence in milliseconds, as far as the samples tell."""
    frequencies = np.array([seen_frequency(values) for values in batch.inputs[..., 0].tolist()])
    return sampling_period / np.maximum(frequencies, 1e-6)


@pytest.mark.parametrize(("length", "sampling_period"), [(100, 1.0), (200, 0.5), (400, 0.25)])
def test_a_sine_is_of_class_1_where_its_period_is_from_5_to_6(rng, length, sampling_period):
    batch = FrequencyDiscrimination(length, sampling_period).sample(rng, 500)
    assert batch.inputs.shape == (500, length, 1)
    assert np.abs(batch.inputs).max() <= 1
    found = periods(batch, sampling_period)
    wanted = batch.targets == 1
    assert ((found[wanted] > 4.99) & (found[wanted] < 6.01)).all()
    told = (found > 5.01) & (found < 5.99)
    # Of the others one in 1,960 looks alike where a sample comes every millisecond.
    assert (told & ~wanted).sum() <= (2 if sampling_period == 1 else 0)


def test_periods_and_phases_are_uniform(rng):
    batch = FrequencyDiscrimination(400, 0.25).sample(rng, 4000)
    found, wanted = periods(batch, 0.25), batch.targets == 1
    histogram, _ = np.histogram(found[wanted], bins=4, range=(5, 6))
    np.testing.assert_allclose(histogram / 2000, 1 / 4, atol=0.04)
    edges = [1, 5, 6, 30, 65, 100.5]
    histogram, _ = np.histogram(found[~wanted], bins=edges)
    expected = np.array([4, 0, 24, 35, 35]) / 98
    np.testing.assert_allclose(histogram / 2000, expected, atol=0.04)
    # The sine of a uniform phase: its arcsine is uniform.
    histogram, _ = np.histogram(np.arcsin(batch.inputs[:, 0, 0]), bins=5)
    np.testing.assert_allclose(histogram / 4000, 1 / 5, atol=0.03)


def test_one_of_the_others_in_1960_looks_as_one_that_is_wanted():
    """Every millisecond a sample: 1.2 to 1.25 is seen as 5 to 6; every half, nothing is."""
    others = np.arange(1, 100, 1e-4) + 5e-5
    others = others[(others < 5) | (others > 6)]
    for sampling_period, share in ((1.0, 1 / 1960), (0.5, 0.0)):
        cycles = sampling_period / others  # a time step
        seen = np.abs(cycles - np.round(cycles))
        alike = (seen > sampling_period / 6) & (seen < sampling_period / 5)
        assert alike.mean() == pytest.approx(share, rel=0.01)
        assert np.logical_and(others[alike] > 1.2, others[alike] < 1.25).all()


@pytest.mark.parametrize("batch_size", [1, 2, 7, 64])
def test_a_batch_has_as_many_of_both_classes_or_one_more_of_either(rng, batch_size):
    task = FrequencyDiscrimination(length=5)
    counts = {int(task.sample(rng, batch_size).targets.sum()) for _ in range(50)}
    assert counts == {batch_size // 2, -(-batch_size // 2)}
    first = np.mean([task.sample(rng, 8).targets[0] for _ in range(400)])
    assert 0.4 < first < 0.6  # in any order


def test_settings_are_of_their_length_at_the_same_sampling_period():
    task = FrequencyDiscrimination(length=200, sampling_period=0.5)
    assert [label["length"] for label, _ in task.settings()] == [200, 400]
    assert {setting.sampling_period for _, setting in task.settings([3, 900])} == {0.5}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"length": 0}, "length must be at least 1, got 0"),
        ({"sampling_period": 0.0}, "sampling_period must be positive, got 0.0"),
        ({"sampling_period": np.inf}, "sampling_period must be positive, got inf"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        FrequencyDiscrimination(**fields)
