"""Any Keras RNN cell as a controller."""

import copy

import keras
import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.layers import CellController, LSTMController
from keras_s4ntm.layers.controllers.get import get_controller

pytestmark = pytest.mark.dealt

INPUT, READS = 5, 4
CELLS = {
    "SimpleRNNCell": lambda: keras.layers.SimpleRNNCell(6),
    "GRUCell": lambda: keras.layers.GRUCell(6),
    "LSTMCell": lambda: keras.layers.LSTMCell(6),
    "StackedRNNCells": lambda: keras.layers.StackedRNNCells(
        [keras.layers.LSTMCell(7), keras.layers.GRUCell(6)]
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_steps_as_the_cell_in_a_keras_rnn_on_inputs_and_read_vectors_side_by_side(rng, name):
    controller = CellController(CELLS[name]())
    controller.build(INPUT, READS)
    inputs, reads = tensors([rng.normal(size=(7, 3, INPUT)), rng.normal(size=(7, 3, READS))])
    both = keras.ops.transpose(keras.ops.concatenate([inputs, reads], -1), (1, 0, 2))
    expected = numpy(keras.layers.RNN(controller.cell, return_sequences=True)(both))
    states = controller.get_initial_state(3)
    assert [state.shape[1] for state in states] == controller.state_size
    for t in range(7):
        projected = controller.project_inputs(inputs[t])
        output, states = controller.step(projected, reads[t], states, ())
        np.testing.assert_allclose(numpy(output), expected[:, t], atol=1e-5)
    assert len(states) == len(controller.state_size)
    assert controller.output_size == 6


@pytest.mark.parametrize("name", CELLS)
def test_survives_a_round_trip(name):
    controller = CellController(CELLS[name](), name="mine")
    config = controller.get_config()
    again = CellController.from_config(copy.deepcopy(config))  # Keras' stack empties its config
    assert again.get_config() == config
    assert again.state_size == controller.state_size
    assert again.cell is not controller.cell


def test_dropout_in_a_cell_is_refused_also_in_a_stack():
    cells = [keras.layers.LSTMCell(5), keras.layers.GRUCell(6, recurrent_dropout=0.1)]
    for cell in (keras.layers.GRUCell(6, dropout=0.5), keras.layers.StackedRNNCells(cells)):
        with pytest.raises(ValueError, match="must have no dropout"):
            CellController(cell)


def test_a_controller_is_taken_as_it_is_and_a_cell_as_a_controller():
    controller = LSTMController(6)
    assert get_controller(controller) is controller
    cell = keras.layers.GRUCell(6)
    assert get_controller(cell).cell is cell
