"""Fourier transforms of real sequences over their last axis, with spectra as complex tensors.

    rfft(x, size)          real (..., L), padded with zeros   ->  complex (..., size // 2 + 1)
    irfft(spectrum, size)  complex (..., size // 2 + 1)       ->  real (..., size)

They are those of the backend. `keras.ops` has pairs of real tensors instead: compilers see through
that, but on PyTorch every product of two spectra is then six operations instead of one.
`docs/performance.md` shows what that costs.
"""

import keras

from keras_s4ntm.backend.exporting import exporting_onnx

if keras.backend.backend() == "torch":
    from torch.fft import irfft, rfft
elif keras.backend.backend() == "jax":
    from jax.numpy.fft import irfft, rfft
else:
    import tensorflow as tf

    def rfft(x, size):
        return tf.signal.rfft(x, [size])

    def irfft(spectrum, size):
        return tf.signal.irfft(spectrum, [size])


def has_fft(size):
    """Whether there is a Fourier transform of this size where the model is to run: not in an ONNX
    file, and on JAX only of a size that is known when it is traced.
    """
    known = isinstance(size, int) or keras.backend.backend() != "jax"
    return known and not exporting_onnx()


__all__ = ["has_fft", "irfft", "rfft"]
