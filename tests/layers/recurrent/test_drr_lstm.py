"""The LSTM with recurrent routes: against a loop, and with one route against the dilated LSTM."""

import numpy as np
import pytest
from helpers import compiled, numpy, sequences, weight_gradients
from keras import ops
from lstm_oracle import lstm, straight_through, weights_of

from keras_s4ntm.layers import DRRLSTM, DilatedLSTM

UNITS, ROUTES, RANK = 4, 3, 2


def transcription(w, x, around=None):
    """Outputs of one sequence, and `(chosen routes, their softmax)` of all steps.

    Args:
        around: the last of these where finite differences are taken.
    """
    longest = 2 ** (ROUTES - 1)
    past = [np.zeros(2 * UNITS)] * longest  # h side by side with c
    decisions = []
    for t, now in enumerate(x):
        before = past[-1][:UNITS]
        logits = np.concatenate([now, before]) @ w["route_kernel"] + w["route_bias"]
        a = np.exp(logits) / np.exp(logits).sum()
        one = np.eye(ROUTES)[a.argmax()]
        decisions.append((straight_through(one, a, around and around[t]), a))
        routed = sum(decisions[-1][0][r] * past[-(2**r)] for r in range(ROUTES))
        gates = (
            now @ w["input_in"] @ w["input_out"]
            + routed[:UNITS] @ w["recurrent_in"] @ w["recurrent_out"]
            + w["bias"]
        )
        past.append(np.concatenate(lstm(gates, routed[UNITS:])))
    return np.stack(past[longest:])[:, :UNITS], decisions


def built(**more):
    layer = DRRLSTM(UNITS, routes=ROUTES, rank=RANK, return_sequences=True, **more)
    layer.build((2, None, 5))
    layer.cell.route_kernel.assign(3 * layer.cell.route_kernel.value)  # several are chosen
    return layer


def test_outputs_are_those_of_a_loop_that_takes_different_routes(rng):
    layer, x = built(), sequences(rng, batch=2, time=9)
    outputs = numpy(compiled(lambda x: layer(x))(ops.convert_to_tensor(x)))
    chosen = set()
    for i in range(2):
        expected, decisions = transcription(weights_of(layer), x[i])
        np.testing.assert_allclose(outputs[i], expected, atol=1e-5)
        chosen |= {int(one.argmax()) for one, _ in decisions}
    assert chosen == {0, 1, 2}


def test_gradients_are_those_of_finite_differences_straight_through_the_choice(rng):
    layer, x = built(), sequences(rng, batch=2, time=6)
    w, mix = weights_of(layer), rng.normal(size=(2, 6, UNITS))
    around = [transcription(w, one)[1] for one in x]

    def loss(w):
        pairs = zip(x, around, strict=True)
        return (mix * np.stack([transcription(w, *pair)[0] for pair in pairs])).sum()

    inputs, factor = ops.convert_to_tensor(x), ops.convert_to_tensor(mix, "float32")
    found = weight_gradients(layer, lambda: ops.sum(factor * layer(inputs)))
    assert np.abs(found[layer.cell.route_kernel.path]).max() > 1e-3
    for path, gradient in found.items():
        name = path.split("/")[-1]
        for index in [tuple(rng.integers(n) for n in gradient.shape) for _ in range(5)]:
            high, low = ({**w, name: w[name].copy()} for _ in range(2))
            high[name][index] += 1e-6
            low[name][index] -= 1e-6
            expected = (loss(high) - loss(low)) / 2e-6
            np.testing.assert_allclose(gradient[index], expected, atol=5e-4, err_msg=path)


@pytest.mark.parametrize("route", range(ROUTES))
@pytest.mark.dealt
def test_with_the_same_route_at_every_step_it_is_the_dilated_lstm_with_kernels_of_low_rank(
    route, rng
):
    layer, x = built(), ops.convert_to_tensor(sequences(rng, batch=2, time=7))
    layer.cell.route_bias.assign(100.0 * np.eye(ROUTES)[route])
    w = weights_of(layer)
    dilated = DilatedLSTM(UNITS, dilation=2**route, return_sequences=True)
    dilated.build((2, None, 5))
    kernels = [w[f"{part}_in"] @ w[f"{part}_out"] for part in ("input", "recurrent")]
    assert {np.linalg.matrix_rank(kernel) for kernel in kernels} == {RANK}
    dilated.set_weights([*kernels, w["bias"]])
    same = compiled(lambda x: (layer(x), dilated(x)))
    np.testing.assert_allclose(*numpy(same(x)), atol=1e-5)


def test_the_rank_is_a_quarter_of_the_units_and_no_kernel_has_a_higher_one_than_it_can_have():
    layer = DRRLSTM(16)
    layer.build((2, None, 3))
    shapes = {name: value.shape for name, value in weights_of(layer).items()}
    assert shapes == {
        "input_in": (3, 3),
        "input_out": (3, 64),
        "recurrent_in": (16, 4),
        "recurrent_out": (4, 64),
        "bias": (64,),
        "route_kernel": (19, 4),
        "route_bias": (4,),
    }
    assert [tuple(s.shape) for s in layer.get_initial_state(2)] == [(2, 16), (2, 8 * 32)]
