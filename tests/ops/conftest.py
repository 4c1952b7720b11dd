"""What every equation of the DNC has to pass: values, float64, gradients, edges."""

import keras
import numpy as np
import pytest
from helpers import finite_differences, float64, gradients, numpy, tensors
from keras import ops


class Equation:
    """An operation on a batch, and its transcription in NumPy, which takes one sequence."""

    def __init__(self, rng, operation, transcription):
        self.rng, self.operation = rng, operation
        self.transcription = lambda *a: np.stack(
            [transcription(*one) for one in zip(*a, strict=True)]
        )

    def check_values(self, arguments):
        actual = numpy(self.operation(*tensors(arguments)))
        np.testing.assert_allclose(actual, self.transcription(*arguments), atol=1e-5)

    def check_float64(self, arguments, float32_on_torch=False):
        if keras.backend.backend() == "torch" and float32_on_torch:
            pytest.skip("Keras' prod and matmul of float64 give float32 on PyTorch")
        with float64():
            arguments64 = [ops.convert_to_tensor(a, "float64") for a in arguments]
            actual = numpy(self.operation(*arguments64))
        assert actual.dtype == "float64"
        np.testing.assert_allclose(actual, self.transcription(*arguments), rtol=1e-9, atol=1e-9)

    def check_gradients(self, arguments):
        mix = self.rng.normal(size=self.transcription(*arguments).shape)
        expected = finite_differences(lambda *a: mix * self.transcription(*a), arguments)
        for g, e in zip(self.gradients(arguments, mix), expected, strict=True):
            np.testing.assert_allclose(g, e, atol=3e-4)

    def check_edge(self, arguments):
        self.check_values(arguments)
        mix = self.rng.normal(size=self.transcription(*arguments).shape)
        for g in self.gradients(arguments, mix):
            assert np.isfinite(g).all()

    def gradients(self, arguments, mix):
        (mix,) = tensors([mix])
        return gradients(lambda *a: mix * self.operation(*a), tensors(arguments))


@pytest.fixture
def equation(rng):
    """`equation(operation, transcription)`: an `Equation` to check."""
    return lambda operation, transcription: Equation(rng, operation, transcription)
