"""Fourier transforms against NumPy's."""

import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.backend.fourier import irfft, rfft


@pytest.mark.parametrize("length", [5, 12])
def test_spectra_of_padded_sequences_and_their_inverse_equal_numpys(rng, length):
    x = rng.normal(size=(2, 3, length))
    spectrum = rfft(*tensors([x]), 12)
    np.testing.assert_allclose(numpy(spectrum), np.fft.rfft(x, 12), atol=1e-5)
    expected = np.pad(x, [(0, 0), (0, 0), (0, 12 - length)])
    np.testing.assert_allclose(numpy(irfft(spectrum, 12)), expected, atol=1e-6)
