"""The LSTM controller."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.layers import NTM, LSTMController

pytestmark = pytest.mark.dealt

INPUT, READS, UNITS = 5, 4, 6


def test_equals_the_lstm_of_keras_on_inputs_and_read_vectors_side_by_side(rng):
    controller = LSTMController(UNITS)
    controller.build(INPUT, READS)
    for weight in controller.weights:
        weight.assign(rng.normal(size=weight.shape))
    inputs, reads = rng.normal(size=(7, 3, INPUT)), rng.normal(size=(7, 3, READS))
    lstm = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    lstm.build((None, None, INPUT + READS))
    of_reads, recurrent = np.split(numpy(controller.recurrent_kernels[0].value), [READS])
    kernel = np.concatenate([numpy(controller.input_kernel.value), of_reads])
    lstm.set_weights([kernel, recurrent, numpy(controller.biases[0].value)])
    both = np.concatenate([inputs, reads], -1).transpose(1, 0, 2)
    expected = numpy(lstm(*tensors([both])))

    states, outputs = controller.get_initial_state(3), []
    for x, r in zip(inputs, reads, strict=True):
        x, r = tensors([x, r])
        output, states = controller.step(controller.project_inputs(x), r, states, ())
        outputs.append(numpy(output))
    np.testing.assert_allclose(np.stack(outputs, 1), expected[0], atol=1e-5)
    for state, last in zip(states, expected[1:], strict=True):
        np.testing.assert_allclose(numpy(state), last, atol=1e-5)


@pytest.mark.parametrize(("bias", "gain"), [(1, 1), (-2, 0.1)], ids=["remember", "forget"])
def test_lstm_controllers_start_ready_to_remember_or_to_forget(bias, gain):
    layer = NTM(
        [12, 8],
        memory_size=9,
        memory_width=4,
        **({} if bias == 1 else {"forget_bias": bias, "recurrent_gain": gain}),
    )
    layer.build((None, None, INPUT))
    controller = layer.cell.controller
    np.testing.assert_allclose(numpy(controller.biases[0].value), np.repeat([0, bias, 0, 0], 12))
    first, second = (numpy(k.value) for k in controller.recurrent_kernels)  # orthogonal rows
    np.testing.assert_allclose(first @ first.T, gain**2 * np.eye(4 + 12), atol=1e-5)
    gains = np.r_[np.ones(12), np.full(8, gain)]  # of the layer below, of its own output
    np.testing.assert_allclose(second @ second.T, np.diag(gains**2), atol=1e-5)


def test_survives_a_round_trip():
    controller = LSTMController(
        [5, 6], input_variance=4.0, forget_bias=-2.0, recurrent_gain=0.1, name="mine"
    )
    config = controller.get_config()
    again = LSTMController.from_config(config)
    assert again.get_config() == config
    assert again.state_size == controller.state_size == [5, 5, 6, 6]
    assert again.output_size == controller.output_size == 6
