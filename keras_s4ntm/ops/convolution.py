"""Convolutions over time: a whole sequence through state spaces at once, by FFT where there is one.

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models", and the authors' code. The gradient is written out.

Shapes: B batch, L time steps, H channels.
"""

import math

from keras import ops

from keras_s4ntm.backend.fourier import has_fft, irfft, rfft


def fft_length(length):
    """An even length of at least `2 length` that an FFT is fast at: a product of 2, 3 and 5.

    A length that is not known yet (a tensor) is just doubled.
    """
    if not isinstance(length, int):
        return 2 * length
    size = 2 * length
    while not is_smooth(size):
        size += 2
    return size


def is_smooth(number):
    """Whether a number has no prime factors but 2, 3 and 5."""
    for factor in (2, 3, 5):
        while number % factor == 0:
            number //= factor
    return number == 1


def circular_convolution(inputs, kernel, size):
    """`y_l = sum_j K_{(l-j) mod size} u_j`, by FFT where there is one of this size.

    The gradient is written out. That of a real FFT in PyTorch and JAX is a complex FFT of the
    full length, and costs twice as much as the correlations that it stands for:

        du_j = sum_l K_{(l-j) mod size} dy_l,   dK_m = sum_b sum_l dy_l u_{(l-m) mod size}

    Args:
        inputs: `(B, L, H)`, float32, `L <= size`.
        kernel: `(H, M)`, `M <= size`.
        size: the period.

    Returns:
        `(B, L, H)`.
    """
    if not has_fft(size):
        return convolution_by_matrices(inputs, kernel, size)

    @ops.custom_gradient
    def convolve(inputs, kernel):
        kernel_spectrum = rfft(kernel, size)

        def gradient(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            upstream_spectrum = spectrum(upstream, size)
            products = upstream_spectrum * ops.conj(spectrum(inputs, size))
            kernel_gradient = irfft(ops.sum(products, axis=0), size)[..., :kernel_length]
            correlation = upstream_spectrum * ops.conj(kernel_spectrum)
            return signal(correlation, size, shape), kernel_gradient

        return signal(spectrum(inputs, size) * kernel_spectrum, size, shape), gradient

    inputs, kernel = ops.convert_to_tensor(inputs), ops.convert_to_tensor(kernel)
    shape, kernel_length = ops.shape(inputs), ops.shape(kernel)[1]
    return convolve(inputs, kernel)


def convolution_by_matrices(inputs, kernel, size):
    """As `circular_convolution`, without FFT: transforms are products with cosines and sines,

        a = sum_j u_j cos_j,   b = sum_j u_j sin_j,   c = sum_m K_m cos_m,   d = sum_m K_m sin_m
        y_l = 1/size sum_k v_k ((a c - b d) cos_l + (a d + b c) sin_l)

    of `2 pi k l / size`, with v = 1 for k = 0 and k = size / 2, else 2. That takes L^2 operations
    for a channel and memory for the `(L, size / 2 + 1)` numbers of a matrix.
    """
    frequencies, period = ops.arange(size // 2 + 1), ops.cast(size, inputs.dtype)

    def waves(length):
        phases = ops.expand_dims(ops.arange(length), 1) * frequencies % size  # exact
        phases = 2.0 * math.pi * ops.cast(phases, inputs.dtype) / period
        return ops.cos(phases), ops.sin(phases)

    inputs = ops.transpose(inputs, (0, 2, 1))
    cosines, sines = waves(ops.shape(inputs)[2])
    a, b = ops.matmul(inputs, cosines), ops.matmul(inputs, sines)
    c, d = (ops.matmul(kernel, wave) for wave in waves(ops.shape(kernel)[1]))
    once = ops.logical_or(frequencies == 0, frequencies == size // 2)
    times = ops.where(once, 1.0, 2.0) / period
    even, odd = times * (a * c - b * d), times * (a * d + b * c)
    outputs = ops.matmul(even, ops.transpose(cosines)) + ops.matmul(odd, ops.transpose(sines))
    return ops.transpose(outputs, (0, 2, 1))


def spectrum(inputs, size):
    """`(B, L, H)` as its spectrum over time, `(B, H, size // 2 + 1)`, complex."""
    return rfft(ops.transpose(inputs, (0, 2, 1)), size)


def signal(frequencies, size, shape):
    """What has this spectrum over time: the first steps, as a tensor of `shape` `(B, L, H)`.

    The reshapes make PyTorch write the result in this order: computing with a transposed view,
    here and in the layers that follow, is several times as slow.
    """
    _, length, channels = shape
    outputs = ops.transpose(irfft(frequencies, size)[..., :length], (0, 2, 1))
    return ops.reshape(ops.reshape(outputs, (-1, length * channels)), (-1, length, channels))


def causal_convolution(inputs, kernel):
    """`y_l = sum_{j <= l} K_{l-j} u_j`.

    Args:
        inputs: `(B, L, H)`, float32.
        kernel: `(H, L)`.

    Returns:
        `(B, L, H)`.
    """
    return circular_convolution(inputs, kernel, fft_length(ops.shape(inputs)[1]))


def bidirectional_convolution(inputs, forward, backward):
    """`y_l = sum_{j <= l} F_{l-j} u_j + sum_{j > l} G_{j-l-1} u_j`.

    The step l itself is in the forward sum only, as in the authors' code.

    Args:
        inputs: `(B, L, H)`, float32.
        forward, backward: the kernels F and G, `(H, L)`.

    Returns:
        `(B, L, H)`.
    """
    length = ops.shape(inputs)[1]
    size = fft_length(length)
    gap = ops.zeros((forward.shape[0], size - 2 * length), "float32")
    kernel = ops.concatenate([forward, gap, ops.flip(backward, axis=-1)], axis=-1)
    return circular_convolution(inputs, kernel, size)
