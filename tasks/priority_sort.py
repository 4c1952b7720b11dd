"""Priority sort: hear random vectors with a priority each, then name those of the highest.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.5: 20 vectors, their
priorities uniform in [-1, 1]; wanted are the 16 vectors of the highest priority, in that order.

    4 vectors, 3 of them wanted; the priorities are .1, -.7, .9, .4

    time        0    1    2    3    4    5    6    7
    bits        x_1  x_2  x_3  x_4  0    0    0    0
    priority    .1   -.7  .9   .4   0    0    0    0
    end         0    0    0    0    1    0    0    0
    target      -    -    -    -    -    x_3  x_4  x_1

Nothing wrong is possible. Of the 128 bits of an answer 64 are wrong without a memory, and about 53
with one that knows which vectors came but not their priorities: the majority of every bit.
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
        vectors: how many come.
        highest: how many of them are wanted; every batch has `vectors + highest + 1` time steps.
    """

    bits: int = 8
    vectors: int = 20
    highest: int = 16

    name = "priority-sort"
    summary = "Sort binary vectors by priority (Graves 2014)."
    output = "bits"

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
        wanted = np.take_along_axis(vectors, order[..., None], axis=1)  # rows move together

        time = np.arange(self.vectors + 1 + self.highest)
        recall = ((0, 0), (0, 1 + self.highest))
        inputs = channels(
            np.pad(vectors, (*recall, (0, 0))), np.pad(priorities, recall), time == self.vectors
        )
        targets = np.pad(wanted, ((0, 0), (self.vectors + 1, 0), (0, 0)))
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
        """The task with this number of vectors; the same share of them is wanted, at least one."""
        highest = max(vectors * self.highest // self.vectors, 1)
        return replace(self, vectors=vectors, highest=highest)
