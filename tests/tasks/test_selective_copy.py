"""Selective copy against a filter."""

import numpy as np
import pytest

from keras_s4ntm.tasks import SelectiveCopy


def test_targets_are_the_tokens_without_the_noise_in_their_order(rng):
    task = SelectiveCopy(vocabulary=7, tokens=3, length=8)
    batch = task.sample(rng, 64)
    assert batch.inputs.shape == (64, 11, 7)
    np.testing.assert_array_equal(batch.inputs.sum(-1), 1)  # one token at each step
    for inputs, targets, mask in zip(*batch, strict=True):
        tokens = inputs.argmax(-1)
        np.testing.assert_array_equal(targets[8:], [t for t in tokens[:8] if t != 0])
        np.testing.assert_array_equal(tokens[8:], [6, 6, 6])
        np.testing.assert_array_equal(mask, [0] * 8 + [1] * 3)
    assert {*batch.targets[:, 8:].ravel()} == {1, 2, 3, 4, 5}


def test_places_are_uniform_and_tokens_independent_of_them(rng):
    batch = SelectiveCopy(vocabulary=6, tokens=2, length=5).sample(rng, 5000)
    tokens = batch.inputs[:, :5].argmax(-1)
    np.testing.assert_allclose((tokens > 0).mean(0), 2 / 5, atol=0.03)
    for place in range(5):
        at = tokens[:, place][tokens[:, place] > 0]
        np.testing.assert_allclose(np.bincount(at, minlength=5)[1:] / len(at), 0.25, atol=0.04)
    first_two = np.mean((tokens[:, :2] > 0).all(1))
    assert abs(first_two - 1 / 10) < 0.02  # of the 10 pairs of places one


def test_no_noise_at_all_is_accepted(rng):
    batch = SelectiveCopy(tokens=4, length=4).sample(rng, 3)
    np.testing.assert_array_equal(batch.inputs[:, :4].argmax(-1), batch.targets[:, 4:])


def test_settings_are_longer():
    labels = [label["length"] for label, _ in SelectiveCopy().settings()]
    assert labels == [256, 512]
    ((_, paper),) = SelectiveCopy().settings([4096])
    assert paper.batch("test", 0, 0, 1).inputs.shape == (1, 4096 + 16, 16)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tokens": 9, "length": 8}, "tokens=9 is larger than length=8"),
        ({"vocabulary": 3}, "vocabulary must be at least 4, got 3"),
        ({"tokens": 0}, "tokens must be at least 1, got 0"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        SelectiveCopy(**fields)
