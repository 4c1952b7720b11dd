"""Repeat copy: repeat a sequence of random binary vectors a given number of times.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.2. After the last repeat
the network emits an end marker. The number r is normalised to mean 0 and variance 1. The start and
end delimiters of the input are those of `Copy`.

    L = 2 vectors, r = 3 times

    time            0    1    2    3    4    5    6    7    8    9    10
    bits            0    x_1  x_2  0    0    0    0    0    0    0    0
    start           1    0    0    0    0    0    0    0    0    0    0
    end             0    0    0    1    0    0    0    0    0    0    0
    number          0    0    0    r    0    0    0    0    0    0    0
    target bits     -    -    -    -    x_1  x_2  x_1  x_2  x_1  x_2  0
    target end      -    -    -    -    0    0    0    0    0    0    1

Zero errors are possible. Without a memory half of the bits and the end marker are wrong: 122 bits
a sequence in the mean at the default difficulty.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch
from keras_s4ntm.tasks.copy import Copy
from keras_s4ntm.tasks.layout import channels, place, span


@dataclass(frozen=True)
class RepeatCopy(Copy):
    """Repeat a sequence of random binary vectors a number of times, then emit an end marker.

    Args:
        bits, min_length, max_length, zero_vectors: see `Copy`.
        min_repeats: smallest number of repeats.
        max_repeats: largest number of repeats; every batch has
            `max_length * (max_repeats + 1) + 3` time steps.
        normal_repeats: the number is normalised as if it were uniform on 1 to `normal_repeats`; by
            default `max_repeats`. Set it to keep the scale of training in tests with more repeats.
    """

    max_length: int = 10
    min_repeats: int = 1
    max_repeats: int = 10
    normal_repeats: int | None = None

    name = "repeat-copy"
    summary = "Repeat a sequence of binary vectors a given number of times (Graves 2014)."

    def __post_init__(self):
        super().__post_init__()
        self.check_at_least(1, "min_repeats", "max_repeats")
        self.check_order("min_repeats", "max_repeats")
        if self.normal_repeats is not None:
            self.check_at_least(1, "normal_repeats")

    @property
    def input_size(self):
        return self.bits + 3

    @property
    def output_size(self):
        return self.bits + 1

    def sample(self, rng, batch_size):
        lengths, vectors = self.sequences(rng, batch_size)
        repeats = rng.integers(self.min_repeats, self.max_repeats + 1, (batch_size, 1))
        time = np.arange(self.max_length * (self.max_repeats + 1) + 3)
        presented = place(vectors, *span(time, 1, lengths))
        end_of_input = time == lengths + 1
        number = np.where(end_of_input, self.normalised(repeats), 0)
        position, recalled = span(time, lengths + 2, lengths * repeats)
        end = time == lengths + 2 + lengths * repeats
        inputs = channels(presented, time == 0, end_of_input, number)
        targets = channels(place(vectors, position % lengths, recalled), end)
        return Batch(inputs, targets, (recalled | end).astype("float32"))

    def normalised(self, repeats):
        """Mean 0 and variance 1 where `repeats` is uniform on 1 to `normal_repeats`."""
        largest = self.normal_repeats or self.max_repeats
        deviation = np.sqrt((largest**2 - 1) / 12) or 1.0  # of a single number: 0
        return (repeats - (largest + 1) / 2) / deviation

    def settings(self, lengths=None):
        """In range, at twice the length, and with twice the repeats; or at `lengths`."""
        if lengths is not None:
            difficulties = [(length, self.max_repeats) for length in lengths]
        else:
            difficulties = [
                (self.max_length, self.max_repeats),
                (2 * self.max_length, self.max_repeats),
                (self.max_length, 2 * self.max_repeats),
            ]
        return [
            (
                {"length": length, "repeats": repeats},
                replace(
                    self,
                    min_length=length,
                    max_length=length,
                    min_repeats=repeats,
                    max_repeats=repeats,
                    normal_repeats=self.normal_repeats or self.max_repeats,
                ),
            )
            for length, repeats in difficulties
        ]
