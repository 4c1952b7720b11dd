"""Associative recall: of a list of items give the one that followed the query.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.3. An item is three
binary vectors of six bits, with a delimiter before it. The query is any item but the last, between
two delimiters of another kind.

    three items a, b, c; query b

    time        0  1 2 3    4  5 6 7    8  9 10 11    12  13 14 15    16  17 18 19
    bits        0  a_1..3   0  b_1..3   0  c_1...3     0  b_1 ... 3    0  0 ...  0
    item        1  0 0 0    1  0 0 0    1  0  0  0     0   0  0  0     0  0  0   0
    query       0  0 0 0    0  0 0 0    0  0  0  0     1   0  0  0     1  0  0   0
    target      -  - - -    -  - - -    -  -  -  -     -   -  -  -     -  c_1 .. 3

Zero errors are possible. Of the 18 bits of an answer 9 are wrong without a memory. A network that
knows which items came after the first, but not which followed which, gives the majority of every
bit: 4.05 are wrong, in the mean over 2 to 6 items.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import channels, place, span


@dataclass(frozen=True)
class AssociativeRecall(Task):
    """Give the item that followed the query.

    Args:
        bits: bits of a vector.
        vectors: vectors of an item.
        min_items: smallest number of items.
        max_items: largest number of items; every batch has `(max_items + 2) * (vectors + 1)` time
            steps.
    """

    bits: int = 6
    vectors: int = 3
    min_items: int = 2
    max_items: int = 6

    name = "associative-recall"
    summary = "Give the item that followed the query (Graves 2014)."
    target_kind = "bits"

    def __post_init__(self):
        self.check_at_least(1, "bits", "vectors")
        self.check_at_least(2, "min_items", "max_items")
        self.check_order("min_items", "max_items")

    @property
    def input_size(self):
        return self.bits + 2

    @property
    def output_size(self):
        return self.bits

    def sample(self, rng, batch_size):
        count = rng.integers(self.min_items, self.max_items + 1, (batch_size, 1))
        shape = (batch_size, self.max_items * self.vectors, self.bits)
        vectors = rng.integers(0, 2, shape).astype("float32")  # of all items, one after the other
        query = rng.integers(0, count - 1)

        size = self.vectors + 1  # of an item with its delimiter
        time = np.arange((self.max_items + 2) * size)
        end = count * size
        item, step = np.divmod(time, size)
        shown = place(vectors, item * self.vectors + step - 1, (time < end) & (step > 0))
        position, asked = span(time, end + 1, self.vectors)
        shown += place(vectors, query * self.vectors + position, asked)
        position, scored = span(time, end + size + 1, self.vectors)
        targets = place(vectors, (query + 1) * self.vectors + position, scored)

        item_delimiter = (time < end) & (step == 0)
        query_delimiter = (time == end) | (time == end + size)
        inputs = channels(shown, item_delimiter, query_delimiter)
        return Batch(inputs, targets, scored.astype("float32"))

    def settings(self, lengths=None):
        """In range and with 2, 2.5 and 3.3 times as many items; or with `lengths` items."""
        if lengths is None:
            lengths = [self.max_items * sixths // 6 for sixths in (6, 12, 15, 20)]
        return [({"items": items}, self.with_items(items)) for items in lengths]

    def levels(self):
        return [self.with_items(n) for n in range(self.min_items, self.max_items + 1)]

    def with_items(self, items):
        """The task with this number of items only."""
        return replace(self, min_items=items, max_items=items)
