"""At which time steps the heads touch the memory.

Source: the "cached NTM" of Erekmen and Bünning 2024, "NTM-S4D", skips the memory at random steps,
in training and afterwards. Here training is random, inference is regular at the same rate.

Shapes: B batch, T time steps.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int


class AccessSchedule(keras.layers.Layer):
    """Every `interval`-th step, or in training each step with `probability`.

    Between two touches the heads and the memory rest and the read vectors stay what they were. It
    has no weights and keeps the count of steps as one more state of its cell; it is a layer so that
    the state of its generator belongs to the model's.

    Args:
        interval: k; the steps k - 1, 2k - 1, ... touch the memory.
        probability: of a touch, in training. Below 1 the interval must be 1; without training
            the memory is then touched every `round(1 / probability)`-th step.
    """

    def __init__(self, interval=1, probability=1.0, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(probability, int | float) or not 0 < probability <= 1:
            raise ValueError(f"access_probability must be in (0, 1], got {probability!r}.")
        if probability < 1 and interval != 1:
            raise ValueError(
                f"access_interval={interval!r} and access_probability={probability!r} are two ways "
                "to skip steps; give one of them."
            )
        self.random = probability < 1
        self.probability = probability
        self.interval = max(1, round(1 / probability))
        if not self.random:
            self.interval = check_positive_int("access_interval", interval, " or 'sequence'")
        self.seed_generator = keras.random.SeedGenerator() if self.random else None
        # The steps since the last touch, where that is not always zero.
        self.state_size = [1] if self.random or self.interval > 1 else []
        self.built = True

    def due(self, states):
        """`(touch, states)` of one step: whether it touches `(B, 1)`; `None` if all steps do."""
        if not states:
            return None, []
        steps = states[0] + 1
        touch = steps >= self.interval
        return touch, [ops.where(touch, ops.zeros_like(steps), steps)]

    def draw(self, batch, time):
        """Random touches for training `(B, T, 1)`, 1 or 0, the same for all sequences.

        `None` where training touches the same steps as inference.
        """
        if not self.random:
            return None
        uniform = keras.random.uniform((1, time, 1), seed=self.seed_generator)
        return ops.tile(ops.cast(uniform < self.probability, "float32"), (batch, 1, 1))

    def regular(self, time):
        """The touched steps `(n,)` of a sequence, and the touches up to each step `(T,)`.

        There is at least one: where the last interval is not full, its touch comes at the last
        step, and `count` leaves it out.
        """
        touches = ops.arange((time + self.interval - 1) // self.interval)
        steps = ops.minimum((touches + 1) * self.interval, time) - 1
        return steps, (ops.arange(time) + 1) // self.interval

    def drawn(self, time):
        """As `regular`, for training: a share `probability` of the steps, at random."""
        if isinstance(time, int):
            count = max(1, round(self.probability * time))
        else:  # a length that only the running graph knows
            count = ops.maximum(ops.cast(self.probability * ops.cast(time, "float32"), "int32"), 1)
        steps = ops.argsort(keras.random.uniform((time,), seed=self.seed_generator))
        steps = ops.sort(steps[:count])
        return steps, ops.searchsorted(steps, ops.arange(time), side="right")
