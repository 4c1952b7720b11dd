"""Adding: of many numbers two are marked; their sum is wanted at the end.

Source: Hochreiter and Schmidhuber 1997, "Long Short-Term Memory", section 5.4; in this form Le,
Jaitly, Hinton 2015, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units",
section 4.1, with one mark in each half, as Arjovsky, Shah, Bengio 2016, "Unitary Evolution
Recurrent Neural Networks", section 4.2, say. The numbers are uniform on [0, 1].

    length 8

    time      0    1    2    3    4    5    6    7
    number   0.3  0.9  0.5  0.1  0.7  0.2  0.8  0.4
    mark      0    1    0    0    0    0    1    0
    target    -    -    -    -    -    -    -   1.7

The sum can be known exactly. Who knows no number does best to answer 1 always: the mean squared
error is then the variance of the sum, 1/6 = 0.1667. Who knows one of the two errs by 1/12.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import channels


@dataclass(frozen=True)
class Adding(Task):
    """Add the two numbers that are marked.

    Args:
        length: time steps of a sequence.
    """

    length: int = 200

    name = "adding"
    summary = "Add the two numbers that are marked (Hochreiter 1997, Le 2015)."
    target_kind = "values"

    def __post_init__(self):
        self.check_at_least(2, "length")

    @property
    def input_size(self):
        return 2

    @property
    def output_size(self):
        return 1

    def sample(self, rng, batch_size):
        numbers = rng.random((batch_size, self.length), "float32")
        half = self.length // 2
        marked = rng.integers([0, half], [half, self.length], (batch_size, 2))
        marks = np.zeros_like(numbers)
        np.put_along_axis(marks, marked, 1, axis=1)
        targets, mask = np.zeros_like(numbers), np.zeros_like(numbers)
        targets[:, -1] = np.take_along_axis(numbers, marked, axis=1).sum(axis=1)
        mask[:, -1] = 1
        return Batch(channels(numbers, marks), targets[..., None], mask)

    def settings(self, lengths=None):
        """Sequences as long as in training and twice as long; or of `lengths`."""
        if lengths is None:
            lengths = [self.length, 2 * self.length]
        return [({"length": length}, replace(self, length=length)) for length in lengths]

    def levels(self):
        return [replace(self, length=n) for n in range(2, self.length + 1)]
