"""Inputs on one scale, and a mask of where sequences end: what stands before a user's own data.

Shapes: B batch, T time steps, C channels.
"""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class Standardization(keras.layers.Layer):
    """Brings each channel to mean 0 and variance 1, and masks padding.

        y = (x - mean) / sqrt(variance)

    A time step with an input that is not a number is padding: it is masked from here on, and such
    an input becomes 0. All is computed in float32, whatever the dtype policy: inputs may be too
    large for float16.

    Args:
        mean: C numbers.
        variance: C positive numbers.
        padded: whether there may be padding. Without it there is no mask: some layers run faster.

    Call arguments:
        inputs: `(B, T, C)`; any batch size, any length.

    Raises:
        ValueError: means or variances that cannot be meant; inputs of other channels.
    """

    def __init__(self, mean, variance, padded=True, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.mean = [float(number) for number in mean]
        self.variance = [float(number) for number in variance]
        if not np.isfinite(self.mean).all():
            raise ValueError(f"mean must be finite numbers, got {mean!r}.")
        if not np.isfinite(self.variance).all() or min(self.variance, default=0.0) <= 0:
            raise ValueError(f"variance must be positive numbers, got {variance!r}.")
        if len(self.mean) != len(self.variance):
            raise ValueError(
                f"mean has {len(self.mean)} numbers and variance {len(self.variance)}: there is "
                "one of each for every channel."
            )
        self.padded = bool(padded)
        self.supports_masking = True
        self.state_size = []

    def build(self, input_shape):
        if input_shape[-1] != len(self.mean):
            raise ValueError(
                f"The inputs have {input_shape[-1]} channels, and the means and variances are "
                f"those of {len(self.mean)}."
            )
        self.built = True

    def call(self, inputs):
        mean = ops.convert_to_tensor(self.mean, "float32")
        scale = ops.convert_to_tensor(1 / np.sqrt(self.variance), "float32")
        inputs = ops.cast(inputs, "float32")
        # Before the arithmetic: no gradient then goes through what is not a number.
        inputs = ops.where(ops.isnan(inputs), mean, inputs)
        return ops.cast((inputs - mean) * scale, self.compute_dtype)

    def compute_mask(self, inputs, mask=None):
        if not self.padded:
            return mask
        there = ops.logical_not(ops.any(ops.isnan(inputs), axis=-1))
        return there if mask is None else ops.logical_and(mask, there)

    def get_initial_state(self, batch_size):
        """There is none."""
        return []

    def step(self, inputs, states):
        """One time step of a stream, `(outputs, states)`. There is no padding in it."""
        return self.call(inputs), states

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"mean": self.mean, "variance": self.variance, "padded": self.padded}
        return {**super().get_config(), **own}
