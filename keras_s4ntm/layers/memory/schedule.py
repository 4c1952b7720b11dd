"""At which time steps the heads access the memory.

Source: the "cached NTM" of Erekmen and Bünning 2024, "NTM-S4D", skips the memory at random steps,
in training and afterwards. Here training is random, inference is regular at the same rate.

Shapes: B batch, T time steps.
"""

from fractions import Fraction

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int


class AccessSchedule(keras.layers.Layer):
    """Every `interval`-th time step, or in training each one with `probability`.

    Between two accesses the heads and the memory rest and the read vectors stay what they were. The
    schedule has no weights and keeps the count of time steps as one more state of its cell. It is a
    layer so that the state of its generator belongs to the model's.

    Args:
        interval: k; the time steps k - 1, 2k - 1, ... access the memory. `"sequence"`: one access
            a sequence.
        probability: of an access, in training. Below 1 the interval must be 1; without training
            the memory is then accessed at the same rate, in a regular pattern: in hundredths, the
            nearest fraction a / b, at a of b time steps.
    """

    def __init__(self, interval=1, *, probability=1.0, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(probability, int | float) or not 0 < probability <= 1:
            raise ValueError(f"access_probability must be in (0, 1], got {probability!r}.")
        if probability < 1 and interval != 1:
            raise ValueError(
                f"access_interval={interval!r} and access_probability={probability!r} are two ways "
                "to skip steps; give one of them."
            )
        self.once = interval == "sequence"
        self.random = probability < 1
        self.probability = probability
        # So many accesses in so many time steps.
        rate = Fraction(probability).limit_denominator(100) if self.random else Fraction(1)
        self.accesses, self.steps = max(rate, Fraction(1, 100)).as_integer_ratio()
        if not self.random and not self.once:
            self.steps = check_positive_int("access_interval", interval, " or 'sequence'")
        self.seed_generator = keras.random.SeedGenerator() if self.random else None
        # How much of the next access is due, where that is not always zero.
        self.state_size = [1] if self.random or self.steps > 1 else []
        self.built = True

    def next(self, states):
        """`(access_mask, states)` of one time step: whether it accesses the memory, `(B, 1)`;
        `None` if every step does.
        """
        if not states:
            return None, []
        due = states[0] + self.accesses
        access_mask = due >= self.steps
        return access_mask, [ops.where(access_mask, due - self.steps, due)]

    @property
    def every_step(self):
        """Whether inference accesses the memory at every time step."""
        return self.accesses == self.steps

    def random_mask(self, batch, time):
        """The random accesses of training `(B, T, 1)`, 1 or 0, the same for all sequences.

        `None` where training accesses the memory at the same time steps as inference.
        """
        if not self.random:
            return None
        uniform = keras.random.uniform((1, time, 1), seed=self.seed_generator)
        return ops.tile(ops.cast(uniform < self.probability, "float32"), (batch, 1, 1))

    def regular_steps(self, time):
        """The time steps with an access `(n,)`, and the accesses up to each time step `(T,)`.

        There is at least one: where the last interval is not full, its access comes at the last
        time step, and the count leaves it out.
        """
        number = ops.arange((time * self.accesses + self.steps - 1) // self.steps)
        due = ((number + 1) * self.steps + self.accesses - 1) // self.accesses
        steps = ops.minimum(due, time) - 1
        return steps, (ops.arange(time) + 1) * self.accesses // self.steps

    def random_steps(self, time):
        """As `regular_steps`, for training: a share `probability` of the time steps, at random."""
        if isinstance(time, int):
            count = max(1, round(self.probability * time))
        else:  # a length that only the running graph knows
            count = ops.maximum(ops.cast(self.probability * ops.cast(time, "float32"), "int32"), 1)
        steps = ops.argsort(keras.random.uniform((time,), seed=self.seed_generator))
        steps = ops.sort(steps[:count])
        return steps, ops.searchsorted(steps, ops.arange(time), side="right")
