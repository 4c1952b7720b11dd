"""A step that the backward pass recomputes is the same as one of which everything is stored."""

import keras
import numpy as np
import pytest
from helpers import gradients, numpy, tensors, weight_gradients
from keras import ops

from keras_s4ntm.backend.recompute import recomputed
from keras_s4ntm.backend.time_loop import rnn


class Recurrent(keras.layers.Layer):
    """A loop whose step reads inputs, states, a constant and a weight."""

    def __init__(self, recompute, dtype):
        super().__init__(dtype=dtype)
        self.recompute = recompute

    def build(self, inputs_shape, constant_shape):
        self.kernel = self.add_weight(name="kernel", shape=(3, 3), initializer="ones")

    def call(self, inputs, constant):
        def step(inputs, states, constants):
            state = ops.tanh(ops.matmul(inputs, self.kernel) + states[0] * constants[0])
            return 2.0 * state, [state]

        def plain(inputs, states):
            return step(inputs, states, [constant])

        run = recomputed(step, [self.kernel], [constant]) if self.recompute else plain
        _, outputs, _ = rnn(run, inputs, [ops.zeros_like(constant)])
        return outputs


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_outputs_and_all_gradients_are_those_of_the_stored_step(rng, dtype):
    arrays = tensors([rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3))])

    def results(recompute):
        layer = Recurrent(recompute, dtype)

        def outputs(*arrays):
            return ops.cast(layer(*arrays), "float32")

        return [
            numpy(outputs(*arrays)),
            *gradients(outputs, arrays),
            *weight_gradients(layer, lambda: ops.sum(outputs(*arrays))).values(),
        ]

    tolerance = 1e-5 if dtype == "float32" else 3e-2
    for actual, expected in zip(results(True), results(False), strict=True):
        assert np.abs(expected).max() > 0
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
