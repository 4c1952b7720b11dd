"""Copy memory: repeat ten symbols after a long delay.

Source: Hochreiter and Schmidhuber 1997, "Long Short-Term Memory"; in this form Arjovsky, Shah,
Bengio 2016, "Unitary Evolution Recurrent Neural Networks", section 4.1. Of the tokens 0 to 7 are
symbols, 8 is the blank, 9 the marker that asks for the symbols. The delay T is the number of steps
from the last symbol to the marker.

    3 tokens, delay 5

    time      0  1  2   3  4  5  6   7   8  9 10
    token     4  0  6   8  8  8  8   9   8  8  8
    target    -  -  -   -  -  -  -   -   4  0  6

Zero errors are possible. Without a memory one token in 8 is right, 12.5 %. Here the answers alone
are scored. The papers score all T + 20 steps and want the blank before, which costs nothing once
that is learned: their cross-entropy is 10 / (T + 20) of the one here, without a memory
10 ln 8 / (T + 20).
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.layout import one_hot


@dataclass(frozen=True)
class CopyMemory(Task):
    """Repeat symbols after a delay.

    Args:
        symbols: how many different symbols there are.
        tokens: symbols of a sequence.
        delay: time steps from the last symbol to the marker; every batch has
            `delay + 2 * tokens` time steps.
    """

    symbols: int = 8
    tokens: int = 10
    delay: int = 100

    name = "copy-memory"
    summary = "Repeat ten symbols after a long delay (Hochreiter 1997, Arjovsky 2016)."
    target_kind = "tokens"

    def __post_init__(self):
        self.check_at_least(2, "symbols")
        self.check_at_least(1, "tokens", "delay")

    @property
    def input_size(self):
        return self.symbols + 2

    @property
    def output_size(self):
        return self.symbols

    def sample(self, rng, batch_size):
        symbols = rng.integers(0, self.symbols, (batch_size, self.tokens))
        answers = slice(self.delay + self.tokens, None)
        tokens = np.full((batch_size, self.delay + 2 * self.tokens), self.symbols, "int32")
        tokens[:, : self.tokens] = symbols
        tokens[:, self.delay + self.tokens - 1] = self.symbols + 1
        targets, mask = np.zeros_like(tokens), np.zeros(tokens.shape, "float32")
        targets[:, answers] = symbols
        mask[:, answers] = 1
        return Batch(one_hot(tokens, self.input_size), targets, mask)

    def settings(self, lengths=None):
        """With the delay of training, and 2, 3 and 5 times as long; or with `lengths` as delays."""
        if lengths is None:
            lengths = [self.delay * factor for factor in (1, 2, 3, 5)]
        return [({"delay": delay}, replace(self, delay=delay)) for delay in lengths]

    def levels(self):
        return [replace(self, delay=n) for n in range(1, self.delay + 1)]
