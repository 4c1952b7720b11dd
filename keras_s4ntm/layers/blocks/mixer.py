"""What layers have in common that treat all time steps at once, or one after the other.

Shapes: B batch, T time steps, H channels (`units`).
"""

import keras
from keras import ops

from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.file_format import check_format, with_format


class Mixer(keras.layers.Layer):
    """Base class: a causal layer from `(B, T, H)` to `(B, T, H)`, whole or step by step.

    A subclass has `Arguments`, the group of its arguments; sets `state_size`, one number for each
    of its states; makes its weights in `build`; and computes in `chunk`, or in `call` and `step`.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see the group of the subclass.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean. A masked step changes no output of another step.

    Raises:
        ValueError: an argument that cannot be meant; an input that has not H channels.
    """

    Arguments = None

    def __init__(self, units, **arguments):
        own, rest = claim(self, arguments, self.Arguments)
        super().__init__(**rest)
        self.arguments = self.Arguments(units=units, **own)
        self.units = self.arguments.units
        self.state_size = []
        self.supports_masking = True

    def build(self, input_shape):
        if input_shape[-1] != self.units:
            raise ValueError(
                f"{type(self).__name__} keeps the width of its input: units={self.units}, but the "
                f"input has {input_shape[-1]} channels. Put a Dense({self.units}) in front of it."
            )
        self.built = True

    def add_kernel(self, name, inputs, outputs):
        """The weights of a linear map, uniform between -1 and 1 divided by the root of the number
        of inputs, as PyTorch starts them, and so the authors of Mamba and of Gated DeltaNet.
        """
        limit = inputs**-0.5
        uniform = keras.initializers.RandomUniform(-limit, limit)
        return self.add_weight(name=name, shape=(inputs, outputs), initializer=uniform)

    def add_parameter(self, name, shape, initializer):
        """A weight that is float32, and stays so under mixed precision."""
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype="float32", autocast=False
        )

    def call(self, inputs, mask=None):
        outputs, _ = self.chunk(inputs, self.get_initial_state(ops.shape(inputs)[0]), mask)
        return outputs

    def chunk(self, inputs, states, mask=None):
        """The next time steps of a stream: `(outputs, states)`, from `(B, T, H)`."""
        raise NotImplementedError

    def step(self, inputs, states):
        """One time step of a stream.

        Args:
            inputs: `(B, H)`.
            states: the states after the step before; at first `get_initial_state(B)`.

        Returns:
            `(outputs, states)`; step by step the same outputs as the whole sequence gives.
        """
        outputs, states = self.chunk(ops.expand_dims(inputs, 1), states)
        return ops.squeeze(outputs, 1), states

    def get_initial_state(self, batch_size):
        """Zeros, `(batch_size, size)` for each size, float32."""
        return [ops.zeros((batch_size, size), "float32") for size in self.state_size]

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return with_format({**super().get_config(), **self.arguments.config()})

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))


def project(x, kernel):
    """`x W`, `(..., I)` to `(..., O)`. On JAX a product of two matrices is three times as fast as
    that of a `(B, T, I)` tensor.
    """
    flat = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), kernel)
    return ops.reshape(flat, (*ops.shape(x)[:-1], kernel.shape[-1]))


def columns(x, sizes):
    """The last axis in parts of these sizes."""
    parts, start = [], 0
    for size in sizes:
        parts.append(x[..., start : start + size])
        start += size
    return parts
