"""Dynamic n-grams: the source, and the optimal predictor against a plain transcription."""

import math
from collections import Counter

import numpy as np
import pytest

from keras_s4ntm.data.targets import cost_of_bits
from keras_s4ntm.tasks import DynamicNgrams


def optimal_by_hand(bits, n, prior=0.5):
    """P(1 | ...) of every bit that has n - 1 before it: equation 10, one sequence."""
    counts, probabilities = Counter(), []
    for t in range(n - 1, len(bits)):
        context = tuple(bits[t - n + 1 : t])
        ones, zeros = counts[(*context, 1)], counts[(*context, 0)]
        probabilities.append((ones + prior) / (ones + zeros + 2 * prior))
        counts[(*context, bits[t])] += 1
    return probabilities


def cost_by_hand(probabilities, bits):
    return -sum(math.log2(p if b else 1 - p) for p, b in zip(probabilities, bits, strict=True))


def sequences(batch):
    return np.concatenate([batch.inputs[:, :1, 0], batch.targets[..., 0]], axis=1).astype(int)


@pytest.mark.parametrize(("n", "length"), [(6, 200), (2, 9), (4, 4)])
def test_optimal_predictor_equals_the_equation_of_the_paper(rng, n, length):
    task = DynamicNgrams(n=n, length=length)
    batch = task.sample(rng, 7)
    logits = task.optimal(batch)
    costs = []
    for bits, logit, mask in zip(sequences(batch), logits[..., 0], batch.mask, strict=True):
        expected = optimal_by_hand(bits.tolist(), n)
        np.testing.assert_allclose(1 / (1 + np.exp(-logit[mask == 1])), expected, atol=1e-12)
        costs.append(cost_by_hand(expected, bits[n - 1 :]))
    assert cost_of_bits(batch, logits) == pytest.approx(np.mean(costs), rel=1e-9)


def test_optimal_predictor_costs_what_the_text_says_and_a_surer_one_costs_more(rng):
    task = DynamicNgrams()
    batch = task.sample(rng, 2000)
    optimal = task.optimal(batch)
    cost = cost_of_bits(batch, optimal)
    assert abs(cost - 128.5) < 2.5  # three standard errors of 0.8
    assert cost_of_bits(batch, 0 * optimal) == pytest.approx(195)
    for scale in (0.9, 1.1):
        assert cost_of_bits(batch, scale * optimal) > cost


def test_targets_are_the_next_bits_and_scored_where_the_context_is_whole(rng):
    batch = DynamicNgrams(n=4, length=12).sample(rng, 5)
    assert batch.inputs.shape == (5, 11, 1)
    np.testing.assert_array_equal(batch.inputs[:, 1:], batch.targets[:, :-1])
    np.testing.assert_array_equal(batch.mask, [[0] * 2 + [1] * 9] * 5)


def test_the_table_is_from_beta_with_one_half_so_that_other_priors_cost_more(rng):
    batch = DynamicNgrams().sample(rng, 500)
    costs = {0.25: 0.0, 0.5: 0.0, 1.0: 0.0}
    for bits in sequences(batch).tolist():
        for prior in costs:
            probabilities = optimal_by_hand(bits, 6, prior)
            costs[prior] += cost_by_hand(probabilities, bits[5:]) / 500
    assert costs[0.5] < min(costs[0.25], costs[1.0])
    assert abs(sequences(batch)[:, :5].mean() - 0.5) < 0.03


def test_settings_are_of_their_length():
    for label, task in DynamicNgrams().settings([30, 50]):
        assert task.batch("test", 0, 0, 2).mask.sum() == 2 * (label["length"] - 5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n": 1}, "n must be from 2 to 16, got 1"),
        ({"n": 17}, "n must be from 2 to 16, got 17"),
        ({"length": 5}, "n=6 is larger than length=5"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        DynamicNgrams(**fields)
