"""Repeat copy against a plain loop and a sequence written by hand."""

import numpy as np
import pytest

from keras_s4ntm.tasks import RepeatCopy


def solve(inputs, bits):
    """What is asked, from the inputs alone and step by step: `(targets, mask)` of one sequence.

    The numbers were normalised over 1 to 4: mean 2.5, variance 1.25.
    """
    targets, mask = np.zeros((len(inputs), bits + 1)), np.zeros(len(inputs))
    assert inputs[0, bits] == 1
    presented, t = [], 1
    while inputs[t, bits + 1] == 0:
        presented.append(inputs[t, :bits])
        t += 1
    repeats = round(float(inputs[t, bits + 2]) * 1.25**0.5 + 2.5)
    for vector in presented * repeats:
        t += 1
        targets[t, :bits] = vector
        mask[t] = 1
    targets[t + 1, bits] = mask[t + 1] = 1
    assert (inputs[t - len(presented) * repeats + 1 :] == 0).all()
    return targets, mask


def test_targets_follow_from_the_inputs_as_the_paper_describes(rng):
    task = RepeatCopy(bits=5, max_length=3, max_repeats=4)
    batch = task.sample(rng, 64)
    for inputs, targets, mask in zip(*batch, strict=True):
        expected, scored = solve(inputs, bits=5)
        np.testing.assert_array_equal(mask, scored)
        np.testing.assert_array_equal(targets, expected)
    scored = batch.mask.sum(1)
    assert scored.min() == 1 + 1
    assert scored.max() == 3 * 4 + 1


def test_a_sequence_is_the_one_of_the_module_text(rng):
    task = RepeatCopy(
        bits=1, min_length=2, max_length=2, min_repeats=3, max_repeats=3, normal_repeats=5
    )
    inputs, targets, mask = (a[0] for a in task.sample(rng, 1))
    x1, x2 = inputs[1:3, 0]
    np.testing.assert_array_equal(inputs[:, 0], [0, x1, x2, *[0] * 8])
    np.testing.assert_array_equal(inputs[:, 1], [1, *[0] * 10])
    np.testing.assert_array_equal(inputs[:, 2], [0, 0, 0, 1, *[0] * 7])
    np.testing.assert_array_equal(inputs[:, 3], np.zeros(11))  # 3 is the mean of 1 to 5
    np.testing.assert_array_equal(targets[:, 0], [0] * 4 + [x1, x2] * 3 + [0])
    np.testing.assert_array_equal(targets[:, 1], [0] * 10 + [1])
    np.testing.assert_array_equal(mask, [0] * 4 + [1] * 7)


def test_lengths_and_repeats_are_uniform_and_independent(rng):
    batch = RepeatCopy(max_length=2, max_repeats=3).sample(rng, 6000)
    lengths = batch.inputs[..., 9].argmax(1) - 1
    numbers = batch.inputs[..., 10].sum(1)
    for length in (1, 2):
        for number in np.unique(numbers):
            share = np.mean((lengths == length) & (numbers == number))
            assert abs(share - 1 / 6) < 0.02
    assert abs(numbers.mean()) < 0.05
    assert abs(numbers.var() - 1) < 0.05


def test_harder_settings_keep_the_scale_of_the_numbers(rng):
    task = RepeatCopy()
    settings = {(s["length"], s["repeats"]): setting for s, setting in task.settings()}
    assert set(settings) == {(10, 10), (20, 10), (10, 20)}
    at_ten, at_twenty = (settings[10, n].sample(rng, 1).inputs[0, 11, 10] for n in (10, 20))
    assert at_ten == pytest.approx((10 - 5.5) / np.sqrt(99 / 12))
    assert at_twenty == pytest.approx((20 - 5.5) / np.sqrt(99 / 12))
    harder = settings[10, 20].settings([3])[0][1]
    assert harder.sample(rng, 1).inputs[0, 4, 10] == pytest.approx(at_twenty)


def test_one_repeat_only_is_accepted(rng):
    batch = RepeatCopy(max_repeats=1).sample(rng, 4)
    assert (batch.inputs[..., -1] == 0).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_repeats": 0}, "max_repeats must be at least 1, got 0"),
        ({"min_repeats": 11}, "min_repeats=11 is larger than max_repeats=10"),
        ({"normal_repeats": 0}, "normal_repeats must be at least 1, got 0"),
        ({"max_length": 0}, "max_length must be at least 1, got 0"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        RepeatCopy(**fields)
