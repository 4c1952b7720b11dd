"""Frequency discrimination: is the period of a sine from 5 to 6 milliseconds?

Source: Neil, Pfeiffer, Liu 2016, "Phased LSTM"; in this form Campos, Jou, Giró-i-Nieto, Torres,
Chang 2018, "Skip RNN: Learning to Skip State Updates in Recurrent Neural Networks", appendix A.1.
One sequence in two has a period P that is uniform on (5, 6) ms. That of the others is uniform on
(1, 5) and (6, 100). The phase is uniform: a shift by up to P. The sine is sampled every
millisecond.

    time      0                 1                   ...  99
    value     sin(2 pi s / P)   sin(2 pi (s + 1) / P)
    target                                               is P in (5, 6)?

Half of the answers are right by chance. Between samples a sine of a period below 2 ms is not seen:
sampled every millisecond, one of 1.2 to 1.25 ms looks as one of 5 to 6 ms. That is 1 of the others
in 1,960, so that 99.97 % of the answers can be right. The figure of the paper is how few time steps
a network looks at that has 99 % right. The code of the authors is not quite the paper: its periods
begin at 0, and it takes the shift in milliseconds as an angle.
"""

from dataclasses import dataclass, replace

import numpy as np

from keras_s4ntm.tasks.base import Batch, Task

SHORTEST, FROM, TO, LONGEST = 1, 5, 6, 100  # periods in milliseconds; wanted is FROM to TO


@dataclass(frozen=True)
class FrequencyDiscrimination(Task):
    """Tell sines of a period from 5 to 6 milliseconds from all others.

    Args:
        length: time steps of a sequence.
        sampling_period: milliseconds from one time step to the next. The paper has 100 steps of 1
            and 200 of 0.5.
    """

    length: int = 100
    sampling_period: float = 1.0

    name = "frequency-discrimination"
    summary = "Tell whether a sine has a period from 5 to 6 milliseconds (Campos 2018)."
    target_kind = "classes"

    def __post_init__(self):
        self.check_at_least(1, "length")
        if not 0 < self.sampling_period < np.inf:
            raise ValueError(f"sampling_period must be positive, got {self.sampling_period}.")

    @property
    def input_size(self):
        return 1

    @property
    def output_size(self):
        return 2

    def sample(self, rng, batch_size):
        # As many of one class as of the other, or one more; in any order.
        wanted = (rng.permutation(batch_size) + rng.integers(2)) % 2
        others = rng.uniform(SHORTEST, LONGEST - (TO - FROM), batch_size)
        others += np.where(others > FROM, TO - FROM, 0)
        period = np.where(wanted, rng.uniform(FROM, TO, batch_size), others)[:, None]
        time = self.sampling_period * np.arange(self.length) + period * rng.random((batch_size, 1))
        values = np.sin(2 * np.pi * time / period)
        return Batch(values[..., None].astype("float32"), wanted.astype("int32"))

    def settings(self, lengths=None):
        """Sequences as long as in training and twice as long; or of `lengths`."""
        if lengths is None:
            lengths = [self.length, 2 * self.length]
        return [({"length": length}, replace(self, length=length)) for length in lengths]
