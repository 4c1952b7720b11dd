"""The convolution over a few time steps in front of a recurrence.

Shapes: B batch, T time steps, H channels, J `kernel_size`.
"""

import keras
from keras import ops

from keras_s4ntm.ops.short_convolution import short_convolution


class ShortConvolution(keras.layers.Layer):
    """`SiLU(sum_j w_j x_{t-J+1+j} + b)`, each channel by itself.

    Args:
        kernel_size: J.
        use_bias: whether there is b.

    Call arguments:
        inputs: `(B, T, H)`.
        before: the last J - 1 inputs before them, `(B, (J-1) H)`, float32.

    Returns:
        `(outputs, before)`.

    Weights, both between -1 and 1 divided by the root of J at first, as PyTorch starts them:
        kernel: `(J, H)`.
        bias: `(H,)`.
    """

    def __init__(self, kernel_size, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.use_bias = kernel_size, use_bias

    def build(self, input_shape):
        channels = input_shape[-1]
        self.kernel = self.add_uniform("kernel", (self.kernel_size, channels))
        if self.use_bias:
            self.bias = self.add_uniform("bias", (channels,))
        self.built = True

    def add_uniform(self, name, shape):
        limit = self.kernel_size**-0.5
        uniform = keras.initializers.RandomUniform(-limit, limit)
        return self.add_weight(name=name, shape=shape, initializer=uniform)

    def call(self, inputs, before):
        shape = (-1, self.kernel_size - 1, inputs.shape[-1])
        before = ops.cast(ops.reshape(before, shape), inputs.dtype)
        outputs, before = short_convolution(inputs, self.kernel, before)
        outputs = ops.silu(outputs + self.bias if self.use_bias else outputs)
        before = ops.reshape(before, (-1, (self.kernel_size - 1) * inputs.shape[-1]))
        return outputs, ops.cast(before, "float32")
