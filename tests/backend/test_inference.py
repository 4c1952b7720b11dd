"""What is run and never trained gives the same, compiled or not, and keeps no gradients."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops

from keras_s4ntm.backend.inference import compiled, without_gradients


def test_a_compiled_function_gives_what_the_plain_one_gives(rng):
    def function(given, states):
        state = ops.tanh(given["x"] + states[0])
        return 2 * state, [state]

    x, state = tensors([rng.normal(size=(2, 3)), rng.normal(size=(2, 3))])
    fast = compiled(function)
    for scale in (1.0, 2.0):
        actual, expected = (f({"x": scale * x}, [state]) for f in (fast, function))
        for a, b in zip(*map(keras.tree.flatten, (actual, expected)), strict=True):
            np.testing.assert_allclose(numpy(a), numpy(b), atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="is for PyTorch only")
def test_nothing_is_kept_for_a_backward_pass():
    layer = keras.layers.Dense(2)
    x = ops.ones((1, 3))
    assert layer(x).requires_grad
    with without_gradients():
        assert not layer(x).requires_grad
