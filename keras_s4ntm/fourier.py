"""Fourier transforms of real sequences, their spectra as complex tensors.

`keras.ops.rfft` and `irfft` take and give pairs of real tensors. Compilers see through that; on
PyTorch every product of two spectra is then six operations instead of one. The README, "Backends",
shows what that costs.
"""

import keras
from keras import ops


def rfft(x, size):
    """The spectrum over the last axis: `(..., L)` to `(..., size // 2 + 1)`, complex.

    Args:
        x: real, padded with zeros to `size`.
        size: an even integer or scalar tensor, at least L.
    """
    name, x = keras.backend.backend(), ops.convert_to_tensor(x)
    if name == "torch":
        import torch

        return torch.fft.rfft(x, n=size)
    if name == "jax":
        import jax

        return jax.numpy.fft.rfft(x, n=size)
    import tensorflow as tf

    return tf.signal.rfft(x, [size])


def irfft(spectrum, size):
    """What has this spectrum: `(..., size // 2 + 1)`, complex, to `(..., size)`, real."""
    name = keras.backend.backend()
    if name == "torch":
        import torch

        return torch.fft.irfft(spectrum, n=size)
    if name == "jax":
        import jax

        return jax.numpy.fft.irfft(spectrum, n=size)
    import tensorflow as tf

    return tf.signal.irfft(spectrum, [size])
