"""Fourier transforms against NumPy's."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.backend.fourier import has_fft, irfft, rfft


@pytest.mark.parametrize("length", [5, 12])
def test_spectra_of_padded_sequences_and_their_inverse_equal_numpys(rng, length):
    x = rng.normal(size=(2, 3, length))
    spectrum = rfft(*tensors([x]), 12)
    np.testing.assert_allclose(numpy(spectrum), np.fft.rfft(x, 12), atol=1e-5)
    expected = np.pad(x, [(0, 0), (0, 0), (0, 12 - length)])
    np.testing.assert_allclose(numpy(irfft(spectrum, 12)), expected, atol=1e-6)


def test_there_is_an_fft_but_on_jax_of_a_length_that_only_a_symbol_stands_for():
    assert has_fft(12)
    if keras.backend.backend() == "jax":
        import jax

        (length,) = jax.export.symbolic_shape("length")
        assert not has_fft(2 * length)
