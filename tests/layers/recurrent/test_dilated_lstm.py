"""The dilated LSTM: against a loop over time, and what an output depends on."""

import numpy as np
import pytest
from helpers import compiled, numpy, sequences, weight_gradients, with_the_weights_of
from keras import layers, ops
from lstm_oracle import lstm, weights_of

from keras_s4ntm import build_model
from keras_s4ntm.layers import DilatedLSTM
from keras_s4ntm.models import Sizes


def transcription(w, x, dilation, units):
    """`h_t = cell(x_t, h_{t-d})`: all h_t and c_t of one sequence."""
    past = [(np.zeros(units), np.zeros(units))] * dilation
    for now in x:
        hidden, carry = past[-dilation]
        gates = now @ w["kernel"] + hidden @ w["recurrent_kernel"] + w["bias"]
        past.append(lstm(gates, carry))
    return (np.stack(s[dilation:]) for s in zip(*past, strict=True))


def built(dilation, **more):
    layer = DilatedLSTM(4, dilation=dilation, return_sequences=True, **more)
    layer.build((3, None, 5))
    return layer


@pytest.mark.parametrize(("dilation", "time"), [(3, 7), (2, 6), (4, 2)])
def test_outputs_and_states_are_those_of_a_loop(dilation, time, rng):
    layer, x = built(dilation, return_state=True), sequences(rng, time=time)
    outputs, *states = (numpy(y) for y in compiled(lambda x: layer(x))(ops.convert_to_tensor(x)))
    for i in range(3):
        hidden, carry = transcription(weights_of(layer), x[i], dilation, 4)
        np.testing.assert_allclose(outputs[i], hidden, atol=1e-5)
        for state, values in zip(states, (hidden, carry), strict=True):
            before = np.zeros((dilation, 4))
            expected = np.concatenate([before, values])[-dilation:]
            np.testing.assert_allclose(state[i].reshape(dilation, 4), expected, atol=1e-5)


@pytest.mark.parametrize("dilation", [1, 3])
def test_an_output_depends_on_the_inputs_every_d_steps_before_it_only(dilation, rng):
    layer, x = built(dilation), sequences(rng, time=9)
    call = compiled(lambda x: layer(x))
    before = numpy(call(ops.convert_to_tensor(x)))
    changes = np.zeros((9, 9), bool)  # of the output at t by the input at s
    for s in range(9):
        moved = x.copy()
        moved[:, s] += 1.0
        changes[:, s] = (numpy(call(ops.convert_to_tensor(moved))) != before).all((0, 2))
        others = (numpy(call(ops.convert_to_tensor(moved))) != before).any((0, 2))
        np.testing.assert_array_equal(changes[:, s], others)
    distance = np.arange(9)[:, None] - np.arange(9)
    np.testing.assert_array_equal(changes, (distance >= 0) & (distance % dilation == 0))


def test_gradients_are_those_of_finite_differences(rng):
    layer, x = built(2), sequences(rng, batch=2, time=5)
    mix, w = rng.normal(size=(2, 5, 4)), weights_of(layer)

    def loss(w):
        return sum((mix[i] * next(transcription(w, x[i], 2, 4))).sum() for i in range(2))

    inputs, factor = ops.convert_to_tensor(x), ops.convert_to_tensor(mix, "float32")
    found = weight_gradients(layer, lambda: ops.sum(factor * layer(inputs)))
    for path, gradient in found.items():
        name = path.split("/")[-1]
        for index in [tuple(rng.integers(n) for n in gradient.shape) for _ in range(6)]:
            high, low = ({**w, name: w[name].copy()} for _ in range(2))
            high[name][index] += 1e-6
            low[name][index] -= 1e-6
            expected = (loss(high) - loss(low)) / 2e-6
            np.testing.assert_allclose(gradient[index], expected, atol=3e-4, err_msg=path)


def test_with_dilation_1_it_is_the_lstm_of_keras(rng):
    layer, x = built(1), ops.convert_to_tensor(sequences(rng))
    lstm = with_the_weights_of(layer, layers.LSTM(4, return_sequences=True))
    same = compiled(lambda x: (layer(x), lstm(x)))
    np.testing.assert_allclose(*numpy(same(x)), atol=1e-6)


def test_at_a_masked_step_within_a_sequence_its_state_is_that_of_d_steps_before(rng):
    layer, x = built(2), sequences(rng, time=6)
    mask = np.ones((3, 6), bool)
    mask[0, 2] = False
    masked = compiled(lambda x: layer(x, mask=ops.convert_to_tensor(mask)))
    outputs = numpy(masked(ops.convert_to_tensor(x)))
    w = weights_of(layer)
    np.testing.assert_allclose(outputs[0, 2], outputs[0, 0], atol=1e-6)
    even, _ = transcription(w, x[0, [0, 4]], 1, 4)
    odd, _ = transcription(w, x[0, 1::2], 1, 4)
    np.testing.assert_allclose(outputs[0, [0, 4]], even, atol=1e-5)
    np.testing.assert_allclose(outputs[0, 1::2], odd, atol=1e-5)


@pytest.mark.once
@pytest.mark.parametrize(("units", "count"), [(20, 28_210), (50, 172_510)])
def test_the_model_has_as_many_parameters_as_in_the_paper(units, count):
    model = build_model("dilated-lstm", Sizes(1, 10, "classes"), units=units)
    assert [layer.dilation for layer in model.layers[1:-1]] == [2**i for i in range(9)]
    assert model.count_params() == count
