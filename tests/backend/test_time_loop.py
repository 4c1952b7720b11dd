"""The loops over time give on every backend what their steps give one by one."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops

from keras_s4ntm.backend.time_loop import compile_loops, rnn


@pytest.mark.parametrize("return_all_outputs", [True, False])
def test_the_loop_over_time_gives_what_its_steps_give_one_by_one(rng, return_all_outputs):
    x, scale, state = tensors(rng.normal(size=shape) for shape in [(2, 4, 3), (2, 4, 1), (2, 3)])

    def step(inputs, states):
        state = ops.tanh(inputs[0] * inputs[1] + states[0])
        return 2.0 * state, [state]

    last, outputs, states = rnn(step, [x, scale], [state], return_all_outputs)
    expected, now = [], [state]
    for t in range(4):
        output, now = step([x[:, t], scale[:, t]], now)
        expected.append(output)
    np.testing.assert_allclose(numpy(last), numpy(output), atol=1e-6)
    np.testing.assert_allclose(numpy(states[0]), numpy(now[0]), atol=1e-6)
    for t in range(4) if return_all_outputs else [-1]:
        np.testing.assert_allclose(numpy(outputs[:, t]), numpy(expected[t]), atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="see test_torch_loop.py")
def test_only_on_pytorch_there_are_loops_to_compile():
    assert not compile_loops()
