"""The loop over time gives on every backend what that of Keras gives."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops
from keras.src import backend as keras_backend

from keras_s4ntm.backend.time_loop import compile_loops, rnn


@pytest.mark.parametrize("return_all_outputs", [True, False])
def test_the_loop_over_time_gives_what_the_one_of_keras_gives(rng, return_all_outputs):
    x, scale, state = tensors(rng.normal(size=shape) for shape in [(2, 4, 3), (2, 4, 1), (2, 3)])

    def step(inputs, states):
        state = ops.tanh(inputs[0] * inputs[1] + states[0])
        return 2.0 * state, [state]

    arguments = [x, scale], [state]
    ours = rnn(step, *arguments, return_all_outputs)
    of_keras = keras_backend.rnn(
        step, *arguments, input_length=4, return_all_outputs=return_all_outputs
    )
    for actual, expected in zip(*map(keras.tree.flatten, (ours, of_keras)), strict=True):
        np.testing.assert_allclose(numpy(actual), numpy(expected), atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="see test_torch_loop.py")
def test_only_on_pytorch_there_are_loops_to_compile():
    assert not compile_loops()
