"""Priority sort: sort random binary vectors by their priorities.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.5. There are 20 vectors;
their priorities are uniform in [-1, 1]. The targets are the 16 vectors of the highest priorities,
the highest first.

    4 vectors, 3 of them targets; the priorities are .1, -.7, .9, .4

    time        0    1    2    3    4    5    6    7
    bits        x_1  x_2  x_3  x_4  0    0    0    0
    priority    .1   -.7  .9   .4   0    0    0    0
    end         0    0    0    0    1    0    0    0
    target      -    -    -    -    -    x_3  x_4  x_1

Zero errors are possible. Of the 128 bits of an answer 64 are wrong without a memory. A network that
knows which vectors came, but not their priorities, gives the majority of every bit: about 53 are
wrong.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import channels


@dataclass(frozen=True)
class PrioritySort(Task):
    """Sort vectors by priority.

    Args:
        bits: bits of a vector.
        vectors: number of vectors that are presented.
        highest: number of those that are targets; every batch has `vectors + highest + 1` time
            steps.
    """

    bits: int = 8
    vectors: int = 20
    highest: int = 16

    name = "priority-sort"
    summary = "Sort binary vectors by priority (Graves 2014)."
    target_kind = "bits"

    def __post_init__(self):
        self.check_at_least(1, "bits", "vectors", "highest")
        self.check_order("highest", "vectors")

    @property
    def input_size(self):
        return self.bits + 2

    @property
    def output_size(self):
        return self.bits

    def sample(self, rng, batch_size):
        vectors = rng.integers(0, 2, (batch_size, self.vectors, self.bits)).astype("float32")
        priorities = rng.uniform(-1, 1, (batch_size, self.vectors)).astype("float32")
        order = np.argsort(-priorities, axis=1, kind="stable")[:, : self.highest]
        highest = np.take_along_axis(vectors, order[..., None], axis=1)  # rows move together

        time = np.arange(self.vectors + 1 + self.highest)
        padding = ((0, 0), (0, 1 + self.highest))  # zero input at the end and during the recall
        inputs = channels(
            np.pad(vectors, (*padding, (0, 0))), np.pad(priorities, padding), time == self.vectors
        )
        targets = np.pad(highest, ((0, 0), (self.vectors + 1, 0), (0, 0)))
        mask = np.broadcast_to(time > self.vectors, (batch_size, len(time)))
        return Batch(inputs, targets, mask.astype("float32"))

    def settings(self, lengths=None):
        """As many vectors as in training, 1.5 and 2 times as many; or `lengths` of them."""
        if lengths is None:
            lengths = [self.vectors, self.vectors * 3 // 2, self.vectors * 2]
        return [({"vectors": vectors}, self.with_vectors(vectors)) for vectors in lengths]

    def levels(self):
        return [self.with_vectors(n) for n in range(1, self.vectors + 1)]

    def with_vectors(self, vectors):
        """The task with this number of vectors and the same share of targets, at least one."""
        highest = max(vectors * self.highest // self.vectors, 1)
        return replace(self, vectors=vectors, highest=highest)
