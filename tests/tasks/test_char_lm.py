"""Characters of a text: windows against slices of the text, coverage, costs of simple guesses."""

import math
from collections import Counter

import numpy as np
import pytest
from helpers import task_of

from keras_s4ntm.data.targets import score_tokens
from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks import Batch, CharLM, char_lm
from keras_s4ntm.tasks.char_lm import CHARACTERS, TEXT_LENGTHS
from keras_s4ntm.tasks.tfds import columns

pytestmark = pytest.mark.once


def text_of(split):
    task_of("char-lm")  # or skips, where its data is not there
    return columns("tiny_shakespeare", split)["text"].item().decode()


def as_text(tokens):
    return "".join(CHARACTERS[token] for token in tokens)


def test_the_characters_are_those_of_the_training_text_and_the_other_texts_have_no_more():
    assert "".join(sorted(set(text_of("train")))) == CHARACTERS
    for split, length in TEXT_LENGTHS.items():
        assert len(text_of(split)) == length
        assert set(text_of(split)) <= set(CHARACTERS)


def test_a_window_of_training_is_a_piece_of_the_text_and_what_comes_one_later():
    text, batch = text_of("train"), CharLM(length=40).batch("train", 3, 7, 8)
    assert batch.mask.all()
    for inputs, targets in zip(batch.inputs, batch.targets, strict=True):
        assert set(np.unique(inputs)) == {0, 1}
        shown, wanted = as_text(inputs.argmax(-1)), as_text(targets)
        assert shown + wanted[-1] in text
        assert shown[0] + wanted == shown + wanted[-1]


def test_windows_of_training_begin_anywhere():
    task = task_of("char-lm", length=TEXT_LENGTHS["test"] - 1)
    assert task.batch("train", 0, 0, 2).inputs.shape[1] == task.length
    assert CharLM(length=3).size("train") == TEXT_LENGTHS["train"] - 3
    text = text_of("train")
    starts = [
        text.index(as_text(inputs.argmax(-1)))
        for inputs in CharLM(length=60).batch("train", 0, 0, 60).inputs
    ]
    assert min(starts) < len(text) / 10
    assert max(starts) > len(text) * 9 / 10
    assert len({start % 60 for start in starts}) > 20


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("length", [999, 1000])
def test_windows_of_a_test_cover_the_text_once_and_in_order(split, length):
    text, task = text_of(split), CharLM(length)
    batches = [task.batch(split, 0, index, 10) for index in range(6)]
    assert sum(len(batch.inputs) for batch in batches) == task.size(split) == 56
    scored = "".join(as_text(t[m == 1]) for b in batches for t, m in zip(*b[1:], strict=True))
    assert scored == text[1:]
    np.testing.assert_array_equal(task.batch(split, 9, 6, 10).inputs, batches[0].inputs)
    last = batches[-1]
    rest = (len(text) - 1) % length
    assert last.mask[-1].sum() == rest
    assert not last.inputs[-1, rest:].any()


def test_the_cost_is_bits_per_character_of_the_whole_text_whatever_the_windows():
    text, task = text_of("test"), CharLM(length=4000)
    counts = Counter(text_of("train"))
    share = {character: counts[character] / sum(counts.values()) for character in CHARACTERS}
    expected = -sum(math.log2(share[character]) for character in text[1:]) / (len(text) - 1)
    batch = task.batch("test", 0, 0, task.size("test"))
    logits = np.log([share[character] for character in CHARACTERS])
    figures = score_tokens(task, batch, np.tile(logits, (*batch.mask.shape, 1)))
    assert figures["bits_per_character"] == pytest.approx(expected)
    assert expected == pytest.approx(4.85, abs=0.005)  # as the documentation says
    assert figures["token_accuracy"] == pytest.approx(text[1:].count(" ") / (len(text) - 1))
    alike = score_tokens(task, batch, np.zeros((*batch.mask.shape, 65)))
    assert alike["bits_per_character"] == pytest.approx(math.log2(65))


def test_steps_that_are_not_scored_cost_nothing():
    mask = np.array([[1, 0, 1]], "float32")
    batch = Batch(np.zeros((1, 3, 2)), np.array([[0, 1, 1]], "int32"), mask)
    logits = np.array([[[2.0, 0.0], [9.0, 0.0], [500.0, 0.0]]])
    figures = score_tokens(CharLM(), batch, logits)
    expected = (math.log2(1 + math.exp(-2)) + 500 / math.log(2)) / 2
    assert figures["bits_per_character"] == pytest.approx(expected)


@pytest.mark.parametrize("text", ["First Citizen", "\u00e9" * 55_770])
def test_another_text_is_refused(monkeypatch, text):
    data = {"text": np.array([text.encode()], "object")}
    monkeypatch.setattr(char_lm, "columns", lambda name, split: data)
    with pytest.raises(DataError, match=r"The test text .* is not that of version 1.0.0"):
        char_lm.tokens.__wrapped__("test")


def test_sizes_and_settings_are_known_without_the_data():
    task = CharLM(length=100)
    assert task.input_size == task.output_size == 65
    assert task.size("test") == 558
    assert [label["length"] for label, _ in task.settings()] == [100, 200]
    assert [label["length"] for label, _ in task.settings([1000])] == [1000]


@pytest.mark.parametrize("length", [0, 55_770])
def test_impossible_lengths_are_refused(length):
    with pytest.raises(ValueError, match=f"length must be from 1 to 55769, got {length}"):
        CharLM(length)
