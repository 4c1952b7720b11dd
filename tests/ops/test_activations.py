"""What keeps numbers within bounds, as papers write it."""

import numpy as np
import oracle
import pytest
from helpers import numpy, tensors

from keras_s4ntm import ops


def test_oneplus_is_one_plus_softplus_and_finite_far_out():
    x = np.array([-200.0, -1.0, 0.0, 1.0, 200.0])
    actual = numpy(ops.oneplus(*tensors([x])))
    np.testing.assert_allclose(actual, 1 + oracle.softplus(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linear", lambda x: x),
        ("relu", lambda x: np.maximum(x, 0)),
        ("softplus", oracle.softplus),
        ("1+softplus", lambda x: 1 + oracle.softplus(x)),
        ("10*sigmoid", lambda x: 10 * oracle.sigmoid(x)),
        ("0.5 + 2*tanh", lambda x: 0.5 + 2 * np.tanh(x)),
        ("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1)),
        ("1+0*sigmoid", np.ones_like),
    ],
)
def test_an_activation_in_words_is_the_function_that_it_says(text, expected):
    x = np.linspace(-5, 5, 11)
    actual = numpy(ops.activation("key_activation", text)(*tensors([x])))
    np.testing.assert_allclose(actual, expected(x), atol=1e-6)
