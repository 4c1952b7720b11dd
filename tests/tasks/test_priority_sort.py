"""Priority sort against a plain sort of pairs."""

import numpy as np
import pytest

from keras_s4ntm.tasks import PrioritySort


def solve(inputs, bits, highest):
    """What is asked, from the inputs alone: sort the pairs of a priority and its vector."""
    end = int(inputs[:, bits + 1].argmax())
    pairs = [(row[bits], row[:bits].tolist()) for row in inputs[:end]]
    assert (inputs[end + 1 :] == 0).all()
    return end, [vector for _, vector in sorted(pairs, reverse=True)[:highest]]


def test_targets_are_the_vectors_of_the_highest_priorities_whole_and_in_order(rng):
    batch = PrioritySort().sample(rng, 32)
    assert batch.inputs.shape == (32, 20 + 1 + 16, 8 + 2)
    for inputs, targets, mask in zip(*batch, strict=True):
        end, expected = solve(inputs, bits=8, highest=16)
        assert end == 20
        np.testing.assert_array_equal(targets[21:], expected)
        np.testing.assert_array_equal(mask, [0] * 21 + [1] * 16)
        assert (targets[:21] == 0).all()


def test_every_target_is_one_of_the_vectors_that_were_presented(rng):
    """A sort of each column on its own would make vectors that were not."""
    batch = PrioritySort(bits=30, vectors=6, highest=5).sample(rng, 20)
    for inputs, targets in zip(batch.inputs, batch.targets, strict=True):
        presented = {tuple(row) for row in inputs[:6, :30]}
        assert {tuple(row) for row in targets[7:]} < presented


def test_priorities_are_uniform_from_minus_one_to_one(rng):
    priorities = PrioritySort().sample(rng, 500).inputs[:, :20, 8]
    histogram, _ = np.histogram(priorities, bins=4, range=(-1, 1))
    assert histogram.sum() == 500 * 20
    np.testing.assert_allclose(histogram / 10_000, 0.25, atol=0.02)


def test_a_network_that_knows_the_vectors_but_not_their_priorities_has_about_53_wrong_bits(rng):
    batch = PrioritySort().sample(rng, 1000)
    majority = batch.inputs[:, :20, :8].mean(1, keepdims=True) > 0.5
    wrong = (majority != batch.targets)[:, 21:].sum((1, 2)).mean()
    assert abs(wrong - 52.7) < 0.5


def test_settings_keep_the_share_of_the_targets(rng):
    settings = [(label["vectors"], task.highest) for label, task in PrioritySort().settings()]
    assert settings == [(20, 16), (30, 24), (40, 32)]
    assert PrioritySort().settings([1])[0][1].highest == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"highest": 21}, "highest=21 is larger than vectors=20"),
        ({"highest": 0}, "highest must be at least 1, got 0"),
        ({"bits": 0}, "bits must be at least 1"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        PrioritySort(**fields)
