"""Multi-query recall against a dictionary."""

import numpy as np
import pytest

from keras_s4ntm.tasks import MultiQueryRecall


def solve(tokens, pairs):
    """The answers of one sequence, from its tokens alone: look every key up in a dictionary."""
    values = dict(zip(tokens[0 : 2 * pairs : 2], tokens[1 : 2 * pairs : 2], strict=True))
    return [values.get(t) if i >= 2 * pairs else None for i, t in enumerate(tokens)]


def test_targets_are_the_values_of_the_keys_that_are_asked_for(rng):
    task = MultiQueryRecall(vocabulary=21, pairs=4, length=20)
    batch = task.sample(rng, 64)
    np.testing.assert_array_equal(batch.inputs.sum(-1), 1)  # one token at each step
    for inputs, targets, mask in zip(*batch, strict=True):
        tokens = inputs.argmax(-1).tolist()
        answers = solve(tokens, pairs=4)
        np.testing.assert_array_equal(mask, [a is not None for a in answers])
        np.testing.assert_array_equal(targets, [a or 0 for a in answers])
        keys, values = tokens[0:8:2], tokens[1:8:2]
        assert len({*keys, *values}) == 8
        assert {*keys} <= {*range(1, 10)}
        assert {*values} <= {*range(10, 21)}
        asked = [i for i, t in enumerate(tokens) if i >= 8 and t]
        assert sorted(tokens[i] for i in asked) == sorted(keys)  # every key once
        assert all(i % 2 == 0 for i in asked)


def test_every_key_and_every_value_of_the_vocabulary_occurs(rng):
    batch = MultiQueryRecall(vocabulary=12, pairs=2, length=16).sample(rng, 300)
    tokens = batch.inputs.argmax(-1)
    assert {*tokens[:, [0, 2]].ravel()} == {1, 2, 3, 4, 5}
    assert {*tokens[:, [1, 3]].ravel()} == {6, 7, 8, 9, 10, 11}
    assert {*batch.targets.ravel()} == {0, 6, 7, 8, 9, 10, 11}


@pytest.mark.parametrize("power", [0.01, 1.0])
def test_gaps_follow_the_power_law(rng, power):
    """With one pair there is one query, at place g with probability proportional to g^(a-1)."""
    batch = MultiQueryRecall(vocabulary=6, pairs=1, length=12, power=power).sample(rng, 8000)
    place = (batch.mask.argmax(1) - 2) // 2
    expected = np.arange(1, 6) ** (power - 1)
    shares = np.bincount(place, minlength=5) / 8000
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.02)


def test_two_gaps_are_drawn_one_after_the_other_without_replacement(rng):
    """The exact law of two draws from three places against 20,000 sequences."""
    batch = MultiQueryRecall(vocabulary=8, pairs=2, length=10, power=0.5).sample(rng, 20_000)
    tokens = batch.inputs.argmax(-1)
    places = [
        (tokens[:, 4:] == tokens[:, i : i + 1]).argmax(1) // 2  # of the first and the second key
        for i in (0, 2)
    ]
    p = np.arange(1, 4) ** -0.5 / (np.arange(1, 4) ** -0.5).sum()
    for a in range(3):
        for b in range(3):
            expected = 0 if a == b else p[a] * p[b] / (1 - p[a])
            share = np.mean((places[0] == a) & (places[1] == b))
            assert abs(share - expected) < 0.015


def test_settings_have_longer_gaps_and_more_pairs_as_far_as_there_are_keys():
    labels = [label for label, _ in MultiQueryRecall().settings()]
    assert labels == [
        {"pairs": 8, "length": 64},
        {"pairs": 8, "length": 128},
        {"pairs": 16, "length": 128},
    ]
    few_keys = MultiQueryRecall(vocabulary=20, pairs=6, length=24)
    assert few_keys.settings()[-1][0] == {"pairs": 9, "length": 48}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pairs": 32}, "pairs=32 need as many keys, but of vocabulary=64 tokens 31 are keys"),
        ({"pairs": 0}, "pairs must be at least 1, got 0"),
        ({"vocabulary": 3, "pairs": 1}, "vocabulary must be at least 4, got 3"),
        ({"length": 31}, r"length must be at least 4 \* pairs = 32, got 31"),
        ({"power": 0.0}, "power must be positive"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        MultiQueryRecall(**fields)
