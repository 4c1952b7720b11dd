"""Dynamic n-grams: predict the next bit of a source whose statistics differ in every sequence.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 4.4. Every sequence has a
table of its own: with 6-grams the probability of a 1 after each of the 32 contexts of five bits,
drawn from Beta(1/2, 1/2). The first five bits are fair; each later one is drawn from the table.

    time     0    1    ...  4    5    ...  198
    bit      b_0  b_1       b_4  b_5       b_198
    target   -    -         b_5  b_6       b_199

The score is the cost of the predictions, `-sum log2 p(target)`, in bits per sequence. Predicting
1/2 everywhere costs 195. The optimal predictor that sees the bits alone (equation 10) costs 128.5
in the mean over sequences; with the five fair bits, which are not scored here, 133.5.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task


@dataclass(frozen=True)
class DynamicNgrams(Task):
    """Predict each bit from the bits before it.

    Args:
        n: of n-grams; a bit depends on the n - 1 bits before.
        length: bits of a sequence; every batch has `length - 1` time steps.
    """

    n: int = 6
    length: int = 200

    name = "dynamic-ngrams"
    summary = "Predict the next bit from statistics of the sequence so far (Graves 2014)."
    target_kind = "bits"

    def __post_init__(self):
        if not 2 <= self.n <= 16:
            raise ValueError(f"n must be from 2 to 16, got {self.n}.")
        self.check_at_least(1, "length")
        self.check_order("n", "length")

    @property
    def input_size(self):
        return 1

    @property
    def output_size(self):
        return 1

    def sample(self, rng, batch_size):
        context = self.n - 1
        probabilities = rng.beta(0.5, 0.5, (batch_size, 2**context))
        drawn = rng.random((batch_size, self.length))
        bits = (drawn < 0.5).astype("int64")
        rows = np.arange(batch_size)
        for t in range(context, self.length):
            now = self.contexts(bits[:, t - context : t])[:, 0]
            bits[:, t] = drawn[:, t] < probabilities[rows, now]
        bits = bits[..., None].astype("float32")
        mask = np.zeros((batch_size, self.length - 1), "float32")
        mask[:, context - 1 :] = 1
        return Batch(bits[:, :-1], bits[:, 1:], mask)

    def contexts(self, bits):
        """The number of the context in every window of n - 1 bits: `(B, t)` to `(B, t - n + 2)`."""
        windows = np.lib.stride_tricks.sliding_window_view(bits, self.n - 1, axis=1)
        return windows @ 2 ** np.arange(self.n - 1)

    def optimal(self, batch):
        """The logits of the optimal predictor, `(B, T, 1)`; zero at steps that are not scored.

            P(1 | N_1, N_0, c) = (N_1 + 1/2) / (N_1 + N_0 + 1)                       (equation 10)

        where N_1 and N_0 are how often 1 and 0 have followed the context c so far.
        """
        context = self.n - 1
        contexts = self.contexts(batch.inputs[..., 0].astype("int64"))
        targets = batch.targets[:, context - 1 :, 0].astype("int64")
        rows = np.arange(len(targets))
        counts = np.zeros((len(targets), 2**context, 2))
        logits = np.zeros(batch.targets.shape)
        for t in range(targets.shape[1]):
            zeros, ones = counts[rows, contexts[:, t]].T
            logits[:, context - 1 + t, 0] = np.log((ones + 0.5) / (zeros + 0.5))
            counts[rows, contexts[:, t], targets[:, t]] += 1
        return logits

    def settings(self, lengths=None):
        """Sequences as long as in training and twice as long; or of `lengths`."""
        if lengths is None:
            lengths = [self.length, 2 * self.length]
        return [({"length": length}, replace(self, length=length)) for length in lengths]

    def levels(self):
        return [replace(self, length=n) for n in range(self.n, self.length + 1)]
