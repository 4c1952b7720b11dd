"""The feed-forward controller."""

import numpy as np
from helpers import numpy, tensors

from keras_s4ntm.layers import FeedForwardController


def test_is_dense_layers_on_inputs_and_read_vectors_side_by_side(rng):
    controller = FeedForwardController([5, 6], activation="relu")
    controller.build(3, 4)
    for weight in controller.weights:
        weight.assign(rng.normal(size=weight.shape))
    inputs, reads = rng.normal(size=(7, 3)), rng.normal(size=(7, 4))
    x, r = tensors([inputs, reads])
    output, states = controller.step(controller.project_inputs(x), r, [], controller.constants())
    weights = {w.name: numpy(w.value) for w in controller.weights}
    hidden = inputs @ weights["input_kernel"] + reads @ weights["kernel_0"] + weights["bias_0"]
    hidden = np.maximum(hidden, 0) @ weights["kernel_1"] + weights["bias_1"]
    np.testing.assert_allclose(numpy(output), np.maximum(hidden, 0), atol=1e-4)
    assert states == controller.get_initial_state(7) == []


def test_survives_a_round_trip():
    controller = FeedForwardController([5, 6], input_variance=4.0, activation="gelu", name="mine")
    config = controller.get_config()
    again = FeedForwardController.from_config(config)
    assert again.get_config() == config
    assert again.output_size == controller.output_size == 6
