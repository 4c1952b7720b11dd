"""The mean over time, of whole sequences and of streams: the readout of classifiers."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MeanOverTime(keras.layers.Layer):
    """The mean of a sequence over its time steps: `(B, T, H)` to `(B, H)`.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean. Masked steps do not count.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        # The mean so far, and how many steps it is of.
        self.state_size = [input_shape[-1], 1]
        self.built = True

    def call(self, inputs, mask=None):
        if mask is None:
            return ops.mean(inputs, axis=1)
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        return ops.sum(weights * inputs, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)

    def compute_mask(self, inputs, mask=None):
        return None

    def get_initial_state(self, batch_size):
        """Zeros, before the first step of a stream."""
        return [ops.zeros((batch_size, size), "float32") for size in self.state_size]

    def step(self, inputs, states):
        """One time step of a stream: `(mean so far, states)`."""
        mean, count = states
        mean, count = ops.cast(mean, "float32"), ops.cast(count, "float32") + 1
        mean = mean + (ops.cast(inputs, "float32") - mean) / count
        return ops.cast(mean, inputs.dtype), [mean, count]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])
