"""Multi-query associative recall: pairs of a key and a value, then a query for every key.

Source: Arora, Eyuboglu, Timalsina, Johnson, Poli, Zou, Rudra, Ré 2023, "Zoology: Measuring and
Improving Recall in Efficient Language Models". In a vocabulary of V tokens 0 is the filler, 1 to
V/2 - 1 are keys, the others are values. All keys of a sequence differ, and all values. The gap
between the pairs and a query follows a power law: the places g = 1, 2, ... are every second step
after the pairs, and each key takes one with a probability proportional to g^(power - 1).

    2 pairs, vocabulary 12

    time      0  1   2  3   4  5  6  7  8  9  10 11 12 13 14 15
    token     2  8   4  7   0  0  4  0  0  0  0  0  2  0  0  0
    target    -  -   -  -   -  -  7  -  -  -  -  -  8  -  -  -

Zero errors are possible. Without a memory one answer in V/2 is right, 3 % at the default
difficulty. For a network that knows which values came, but not with which key, one answer in the
number of pairs is right, 12.5 %.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import one_hot


@dataclass(frozen=True)
class MultiQueryRecall(Task):
    """Give the value that came with each key.

    Args:
        vocabulary: V, the number of tokens.
        pairs: pairs of a key and a value.
        length: time steps of a sequence.
        power: exponent of the power law of the gaps. 1: all gaps are equally likely; less: short
            ones are more likely.
    """

    vocabulary: int = 64
    pairs: int = 8
    length: int = 64
    power: float = 0.01

    name = "multi-query-recall"
    summary = "Give the value that came with each key (Arora 2023)."
    target_kind = "tokens"

    def __post_init__(self):
        self.check_at_least(1, "pairs")
        self.check_at_least(4, "vocabulary")
        if self.pairs > self.keys:
            raise ValueError(
                f"pairs={self.pairs} need as many keys, but of vocabulary={self.vocabulary} tokens "
                f"{self.keys} are keys."
            )
        if self.length < 4 * self.pairs:
            raise ValueError(
                f"length must be at least 4 * pairs = {4 * self.pairs}, got {self.length}."
            )
        if not 0 < self.power < np.inf:
            raise ValueError(f"power must be positive, got {self.power}.")

    @property
    def keys(self):
        """How many tokens are keys."""
        return self.vocabulary // 2 - 1

    @property
    def input_size(self):
        return self.vocabulary

    @property
    def output_size(self):
        return self.vocabulary

    def sample(self, rng, batch_size):
        def distinct(log_weights):
            """Draws without replacement, `(B, pairs)`, by the Gumbel-top-k trick."""
            perturbed = log_weights + rng.gumbel(size=(batch_size, len(log_weights)))
            return np.argsort(-perturbed, axis=1)[:, : self.pairs]

        keys = 1 + distinct(np.zeros(self.keys))
        values = 1 + self.keys + distinct(np.zeros(self.vocabulary - 1 - self.keys))
        places = 1 + np.arange((self.length - 2 * self.pairs) // 2)
        queries = 2 * self.pairs + 2 * distinct((self.power - 1) * np.log(places))

        tokens = np.zeros((batch_size, self.length), "int32")
        tokens[:, 0 : 2 * self.pairs : 2] = keys
        tokens[:, 1 : 2 * self.pairs : 2] = values
        np.put_along_axis(tokens, queries, keys, axis=1)
        targets, mask = np.zeros_like(tokens), np.zeros(tokens.shape, "float32")
        np.put_along_axis(targets, queries, values, axis=1)
        np.put_along_axis(mask, queries, 1, axis=1)
        return Batch(one_hot(tokens, self.vocabulary), targets, mask)

    def settings(self, lengths=None):
        """As in training, at twice the length, and there with twice the pairs; or at `lengths`."""
        twice = min(2 * self.pairs, self.keys)
        difficulties = [
            (self.pairs, self.length),
            (self.pairs, 2 * self.length),
            (twice, 2 * self.length),
        ]
        if lengths is not None:
            difficulties = [(self.pairs, length) for length in lengths]
        return [
            ({"pairs": pairs, "length": length}, replace(self, pairs=pairs, length=length))
            for pairs, length in difficulties
        ]

    def levels(self):
        return [replace(self, pairs=n) for n in range(1, self.pairs + 1)]
