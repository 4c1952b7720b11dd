"""Copy: repeat a sequence of random binary vectors.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.1.

    time     0      1 ... L     L+1    L+2 ... 2L+1
    bits     0      x_1...x_L    0      0  ...  0
    start    1      0 ...  0     0      0  ...  0
    end      0      0 ...  0     1      0  ...  0
    target   -      -      -     -     x_1 ... x_L

During the recall the input is zero. Zero errors are possible; without a memory half of the bits
are wrong.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import channels, place, span


@dataclass(frozen=True)
class Copy(Task):
    """Copy random binary vectors.

    Args:
        bits: bits of a vector.
        min_length: shortest sequence.
        max_length: longest sequence; every batch has `2 * max_length + 2` time steps.
        zero_vectors: share of the vectors that are all zeros in half of the training sequences,
            beside those by chance. A vector of zeros looks like the zero input of the recall; of 8
            random bits it is 1 in 256, too rare for networks to learn the difference soon. The
            other half, validation and test have random vectors only. With the default, 0, so has
            all of training: the task of the paper. Presets use other values.
    """

    bits: int = 8
    min_length: int = 1
    max_length: int = 20
    zero_vectors: float = 0.0

    name = "copy"
    summary = "Repeat a sequence of random binary vectors (Graves 2014)."
    target_kind = "bits"

    def __post_init__(self):
        self.check_at_least(1, "bits", "min_length", "max_length")
        if not 0 <= self.zero_vectors < 1:
            raise ValueError(f"zero_vectors must be in [0, 1), got {self.zero_vectors}.")
        self.check_order("min_length", "max_length")

    @property
    def input_size(self):
        return self.bits + 2

    @property
    def output_size(self):
        return self.bits

    def batch(self, split, seed, index, batch_size):
        task = self if split == "train" else replace(self, zero_vectors=0.0)
        return super(Copy, task).batch(split, seed, index, batch_size)

    def sample(self, rng, batch_size):
        lengths, vectors = self.sequences(rng, batch_size)
        time = np.arange(2 * self.max_length + 2)
        presented = place(vectors, *span(time, 1, lengths))
        position, scored = span(time, lengths + 2, lengths)
        inputs = channels(presented, time == 0, time == lengths + 1)
        return Batch(inputs, place(vectors, position, scored), scored.astype("float32"))

    def sequences(self, rng, batch_size):
        """Lengths `(B, 1)` and vectors `(B, max_length, bits)`."""
        lengths = rng.integers(self.min_length, self.max_length + 1, (batch_size, 1))
        shape = (batch_size, self.max_length, self.bits)
        vectors = rng.integers(0, 2, shape).astype("float32")
        share = self.zero_vectors * rng.integers(0, 2, (batch_size, 1, 1))
        vectors *= rng.random((*shape[:2], 1)) >= share
        return lengths, vectors

    def settings(self, lengths=None):
        if lengths is None:
            lengths = [self.max_length * factor for factor in (1, 2, 3, 5, 6)]
        return [({"length": length}, self.at_length(length)) for length in lengths]

    def levels(self):
        return [self.at_length(n) for n in range(self.min_length, self.max_length + 1)]

    def at_length(self, length):
        """The task with sequences of this length only."""
        return replace(self, min_length=length, max_length=length)
