"""Selective copy: tokens at random places among noise are to be repeated in order.

Source: Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
section 4.1.1, with the tokens of the authors' generator (github.com/state-spaces/s4). In a
vocabulary of V tokens 0 is noise, V - 1 asks for the next answer, the others are data.

    3 tokens among 8 steps, vocabulary 16

    time      0  1  2  3  4  5  6  7    8  9  10
    token     0  4  0  0  9  0  4  0   15 15  15
    target    -  -  -  -  -  -  -  -    4  9   4

The paper has `length=4096`; the default is what two cores train on in minutes. Zero errors are
possible. Without a memory one token in V - 2 is right, 7 %.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import one_hot


@dataclass(frozen=True)
class SelectiveCopy(Task):
    """Repeat the tokens among noise.

    Args:
        vocabulary: V, the number of tokens.
        tokens: number of data tokens in a sequence.
        length: time steps of data and noise; every batch has `length + tokens` time steps.
    """

    vocabulary: int = 16
    tokens: int = 16
    length: int = 256

    name = "selective-copy"
    summary = "Repeat tokens that stand at random places among noise (Gu and Dao 2023)."
    target_kind = "tokens"

    def __post_init__(self):
        self.check_at_least(4, "vocabulary")
        self.check_at_least(1, "tokens", "length")
        self.check_order("tokens", "length")

    @property
    def input_size(self):
        return self.vocabulary

    @property
    def output_size(self):
        return self.vocabulary

    def sample(self, rng, batch_size):
        data = rng.integers(1, self.vocabulary - 1, (batch_size, self.tokens))
        places = np.argsort(rng.random((batch_size, self.length)), axis=1)[:, : self.tokens]
        tokens = np.zeros((batch_size, self.length + self.tokens), "int32")
        np.put_along_axis(tokens, np.sort(places, axis=1), data, axis=1)
        tokens[:, self.length :] = self.vocabulary - 1
        targets, mask = np.zeros_like(tokens), np.zeros(tokens.shape, "float32")
        targets[:, self.length :] = data
        mask[:, self.length :] = 1
        return Batch(one_hot(tokens, self.vocabulary), targets, mask)

    def settings(self, lengths=None):
        """At the length of training and twice that; or at `lengths`."""
        if lengths is None:
            lengths = [self.length, 2 * self.length]
        return [({"length": length}, replace(self, length=length)) for length in lengths]

    def levels(self):
        return [replace(self, tokens=n) for n in range(1, self.tokens + 1)]
