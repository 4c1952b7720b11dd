"""Copy memory against the layout of the paper, written out step by step."""

import math

import numpy as np
import pytest

from keras_s4ntm.data.targets import cost_of_tokens
from keras_s4ntm.tasks import CopyMemory

pytestmark = pytest.mark.once


def by_hand(symbols, delay, blank, marker):
    """The tokens of a sequence: the symbols, delay - 1 blanks, the marker, a blank an answer."""
    tokens = list(symbols)
    for _ in range(delay - 1):
        tokens.append(blank)
    tokens.append(marker)
    for _ in symbols:
        tokens.append(blank)
    return tokens


@pytest.mark.parametrize(("symbols", "tokens", "delay"), [(8, 10, 100), (3, 4, 7), (2, 1, 1)])
def test_a_sequence_is_that_of_the_paper_and_asks_for_its_symbols(rng, symbols, tokens, delay):
    batch = CopyMemory(symbols, tokens, delay).sample(rng, 16)
    assert batch.inputs.shape == (16, delay + 2 * tokens, symbols + 2)
    np.testing.assert_array_equal(batch.inputs.sum(-1), 1)  # one token at each step
    for inputs, targets, mask in zip(*batch, strict=True):
        shown = inputs.argmax(-1)
        wanted = targets[mask == 1]
        np.testing.assert_array_equal(shown, by_hand(wanted, delay, symbols, symbols + 1))
        np.testing.assert_array_equal(mask, [0] * (delay + tokens) + [1] * tokens)


def test_all_symbols_are_equally_likely_at_every_place(rng):
    answers = CopyMemory(delay=1).sample(rng, 8000).targets[:, -10:]
    for place in answers.T:
        np.testing.assert_allclose(np.bincount(place) / 8000, 1 / 8, atol=0.015)
    together = np.bincount(8 * answers[:, 0] + answers[:, 1], minlength=64)
    np.testing.assert_allclose(together / 8000, 1 / 64, atol=0.006)  # two in a row: independent


def test_without_a_memory_an_answer_costs_what_the_text_says(rng):
    task = CopyMemory(delay=20)
    batch = task.sample(rng, 50)
    cost = cost_of_tokens(batch, np.zeros((*batch.mask.shape, task.output_size)))
    assert cost * math.log(2) == pytest.approx(math.log(8))


def test_settings_and_levels_are_of_their_delay():
    task = CopyMemory(delay=4)
    assert [label["delay"] for label, _ in task.settings()] == [4, 8, 12, 20]
    assert [level.delay for level in task.levels()] == [1, 2, 3, 4]
    ((label, longer),) = task.settings([300])
    assert label == {"delay": 300}
    assert longer.batch("test", 0, 0, 2).inputs.shape == (2, 320, 10)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"symbols": 1}, "symbols must be at least 2, got 1"),
        ({"tokens": 0}, "tokens must be at least 1, got 0"),
        ({"delay": 0}, "delay must be at least 1, got 0"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        CopyMemory(**fields)
