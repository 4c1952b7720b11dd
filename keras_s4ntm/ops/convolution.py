"""Convolutions over time, by FFT: a whole sequence through state spaces at once.

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models", and the authors' code. The gradient is written out.

Shapes: B batch, L time steps, H channels.
"""

from keras import ops

from keras_s4ntm.backend.fourier import irfft, rfft


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
    """`y_l = sum_j K_{(l-j) mod size} u_j`, by FFT.

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
    """`y_l = sum_{j <= l} K_{l-j} u_j`, by FFT.

    Args:
        inputs: `(B, L, H)`, float32.
        kernel: `(H, L)`.

    Returns:
        `(B, L, H)`.
    """
    return circular_convolution(inputs, kernel, fft_length(ops.shape(inputs)[1]))


def bidirectional_convolution(inputs, forward, backward):
    """`y_l = sum_{j <= l} F_{l-j} u_j + sum_{j > l} G_{j-l-1} u_j`, by FFT.

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
