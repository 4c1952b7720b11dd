"""Characters of a text: predict the next one.

Source: Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks", 40,000 lines
of Shakespeare's plays; the text and its parts are those of TensorFlow Datasets'
`tiny_shakespeare`. Which characters there are is known from the training text alone.

    time      0  1  2  3  4  ...
    input     F  i  r  s  t  ...
    target    i  r  s  t     ...

What comes next can only be guessed, so the score is the cost of the guesses, the mean of
`-log2 p(target)`: bits per character. Of 65 characters alike it is 6.02. Every window begins
without a memory of the text before it; longer windows have more to go by.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks.base import SPLITS, Batch, Task
from keras_s4ntm.tasks.layout import one_hot
from keras_s4ntm.tasks.tfds import columns

# Of the training text, and how long each text is: sizes are known where the data is not.
CHARACTERS = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT_LENGTHS = {"train": 1_003_854, "validation": 55_770, "test": 55_770}


@dataclass(frozen=True)
class CharLM(Task):
    """Predict each character from those before it.

    Windows of the training text begin at any character, drawn anew for every batch. Those of the
    other two follow one another and cover the text.

    Args:
        length: characters that are predicted in a window; every batch has `length` time steps.
    """

    length: int = 100

    name = "char-lm"
    summary = "Predict the next character of Shakespeare's plays (Karpathy 2015)."
    target_kind = "tokens"
    token = "character"
    certain = False

    def __post_init__(self):
        if not 1 <= self.length < TEXT_LENGTHS["test"]:
            longest = TEXT_LENGTHS["test"] - 1
            raise ValueError(f"length must be from 1 to {longest}, got {self.length}.")

    @property
    def input_size(self):
        return len(CHARACTERS)

    @property
    def output_size(self):
        return len(CHARACTERS)

    def size(self, split):
        """Windows of the test or validation text; places at which one of training may begin."""
        if split == "train":
            return TEXT_LENGTHS[split] - self.length
        return -(-(TEXT_LENGTHS[split] - 1) // self.length)

    def batch(self, split, seed, index, batch_size):
        """Windows of a text. After the end of the text the last one has zeros that do not count.

        Raises:
            DataError: the text is not there and cannot be fetched, or is another.
        """
        text = tokens(split)
        if split == "train":
            rng = np.random.default_rng((SPLITS.index(split), seed, index))
            starts = rng.integers(0, self.size(split), batch_size)
        else:
            index %= -(-self.size(split) // batch_size)
            windows = np.arange(index * batch_size, (index + 1) * batch_size)
            starts = self.length * windows[windows < self.size(split)]
        places = starts[:, None] + np.arange(self.length)
        scored = places + 1 < len(text)
        shown = text[np.where(scored, places, 0)]
        wanted = text[np.where(scored, places + 1, 0)]
        inputs = one_hot(shown, self.input_size) * scored[..., None]
        return Batch(inputs, wanted, scored.astype("float32"))

    def settings(self, lengths=None):
        """Windows as long as in training and twice as long; or of `lengths`."""
        if lengths is None:
            lengths = [self.length, 2 * self.length]
        return [({"length": length}, replace(self, length=length)) for length in lengths]


@functools.cache
def tokens(split):
    """The text of a split as numbers of `CHARACTERS`, int32.

    Raises:
        DataError: the data is not there and cannot be fetched, or is another.
    """
    text = columns("tiny_shakespeare", split)["text"].item().decode()
    numbers = {character: number for number, character in enumerate(CHARACTERS)}
    unknown = sorted(set(text) - set(CHARACTERS))
    if unknown or len(text) != TEXT_LENGTHS[split]:
        raise DataError(
            f"The {split} text of tiny_shakespeare is not that of version 1.0.0: "
            f"{len(text)} characters, {TEXT_LENGTHS[split]} expected, {len(unknown)} of other "
            "kinds. Remove it from the data directory, so that it is prepared anew."
        )
    return np.array([numbers[character] for character in text], "int32")
