"""Convolutions over a few time steps, each channel by itself: what reads neighbours together.

Shapes: B batch, T time steps, H channels, J steps that a kernel reaches over.
"""

from keras import ops


def short_convolution(inputs, kernel, before):
    """`y_t = sum_j w_j x_{t-J+1+j}`, j = 0 .. J-1: the last weight is that of the step itself.

    Args:
        inputs: x, `(B, T, H)`.
        kernel: w, `(J, H)`.
        before: the J - 1 inputs before the first one, `(B, J-1, H)`.

    Returns:
        `(outputs, before)`: `(B, T, H)`, and the last J - 1 inputs.
    """
    length = ops.shape(inputs)[1]
    inputs = ops.concatenate([before, inputs], axis=1)
    outputs = kernel[0] * inputs[:, :length]
    for j in range(1, kernel.shape[0]):
        outputs = outputs + kernel[j] * inputs[:, j : j + length]
    return outputs, inputs[:, length:]
