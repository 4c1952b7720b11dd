"""The Skip LSTM: against a transcription of its equations, and what it says of its work."""

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, sequences, weight_gradients
from keras import ops
from lstm_oracle import lstm, sigmoid, straight_through, weights_of

from keras_s4ntm.evaluation.evaluate import evaluate
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.layers import SkipLSTM
from keras_s4ntm.runs import Run
from keras_s4ntm.training.fit import train


def transcription(w, x, layers=1, around=None):
    """Outputs of one sequence, the sum of u_t, and `(u_t, p_t)` of all steps.

    Args:
        around: the last of these where finite differences are taken.
    """
    initial = [w[f"initial_state_{i}"] for i in range(2 * layers)]  # the top layer comes first
    hidden, carry = initial[0::2][::-1], initial[1::2][::-1]
    p, dp = 0.0, 1.0
    outputs, decisions = [], []
    for t, below in enumerate(x):
        p = p + min(dp, 1 - p)
        u = straight_through(round(p), p, around and around[t])
        decisions.append((u, p))
        for i in range(layers):
            gates = np.concatenate([below, hidden[i]]) @ w[f"kernel_{i}"] + w[f"bias_{i}"]
            below, candidate = lstm(gates, carry[i])
            hidden[i] = u * below + (1 - u) * hidden[i]
            carry[i] = u * candidate + (1 - u) * carry[i]
        (grown,) = sigmoid(candidate @ w["update_kernel"] + w["update_bias"])
        dp = u * grown + (1 - u) * dp
        p = (1 - u) * p
        outputs.append(hidden[-1])
    return np.stack(outputs), sum(u for u, _ in decisions), decisions


def built(units, **more):
    layer = SkipLSTM(units, **{"update_bias": -1.0, **more})
    layer.build((2, None, 5))
    return layer


@pytest.mark.parametrize("units", [4, [3, 4]], ids=str)
def test_outputs_and_updates_are_those_of_the_equations(units, rng):
    layer = built(units, return_sequences=True, return_state=True)
    x, w = sequences(rng, batch=2, time=9), weights_of(layer)
    outputs, *states = (numpy(y) for y in compiled(lambda x: layer(x))(ops.convert_to_tensor(x)))
    for i in range(2):
        expected, updates, decisions = transcription(w, x[i], len(layer.cell.units))
        np.testing.assert_allclose(outputs[i], expected, atol=1e-5)
        assert states[-1][i, 0] == updates
        assert decisions[0][0] == 1
        assert 1 < updates < 9


def differences(function, w, name, index):
    """The finite difference of `function(weights)` at one number of a weight."""
    high, low = ({**w, name: w[name].copy()} for _ in range(2))
    high[name][index] += 1e-6
    low[name][index] -= 1e-6
    return (function(high) - function(low)) / 2e-6


def some(rng, array):
    return [tuple(rng.integers(n) for n in array.shape) for _ in range(5)]


def test_gradients_are_those_of_finite_differences_straight_through_the_decisions(rng):
    layer = built([3, 4], return_sequences=True)
    x, w, mix = sequences(rng, batch=2, time=7), weights_of(layer), rng.normal(size=(2, 7, 4))
    around = [transcription(w, one, 2)[2] for one in x]

    def loss(w):
        pairs = zip(x, around, strict=True)
        outputs = np.stack([transcription(w, one, 2, there)[0] for one, there in pairs])
        return (mix * outputs).sum()

    inputs, factor = ops.convert_to_tensor(x), ops.convert_to_tensor(mix, "float32")
    found = weight_gradients(layer, lambda: ops.sum(factor * layer(inputs)))
    assert np.abs(found[layer.cell.update_kernel.path]).max() > 1e-3
    for path, gradient in found.items():
        name = path.split("/")[-1]
        for index in some(rng, gradient):
            expected = differences(loss, w, name, index)
            np.testing.assert_allclose(gradient[index], expected, atol=5e-4, err_msg=path)


def test_the_budget_is_what_updates_cost_and_training_reports_how_many_there_are(rng):
    layer, x = built(4, budget=0.3), sequences(rng, batch=2, time=7)
    w = weights_of(layer)
    model = keras.Sequential([keras.Input((7, 5)), layer])
    model.compile(
        keras.optimizers.SGD(1.0),
        lambda y, p: 0.0 * ops.sum(p),
        jit_compile=keras.backend.backend() != "torch",
    )
    found = [transcription(w, one) for one in x]
    updates = [count for _, count, _ in found]
    loss = model.train_on_batch(x, np.zeros((2, 4)))
    np.testing.assert_allclose(loss, 0.3 * np.mean(updates), rtol=1e-5)
    np.testing.assert_allclose(layer.updated.value(), np.mean(updates) / 7, rtol=1e-5)

    def cost(w):
        counts = [transcription(w, x[i], around=found[i][2])[1] for i in range(2)]
        return 0.3 * np.mean(counts)

    for name in ("update_kernel", "update_bias", "kernel_0", "initial_state_1"):
        gradient = w[name] - weights_of(layer)[name]  # after a step at rate 1
        for index in some(rng, gradient):
            expected = differences(cost, w, name, index)
            np.testing.assert_allclose(gradient[index], expected, atol=1e-4, err_msg=name)


def test_without_a_budget_nothing_is_added_to_the_loss(rng):
    layer = built(4)
    layer(ops.convert_to_tensor(sequences(rng, batch=2, time=3)))
    assert layer.losses == []


def test_of_masked_steps_none_is_counted(rng):
    layer, x = built(4), sequences(rng, batch=2, time=7)
    mask = np.arange(7) < np.array([[4], [7]])
    layer(ops.convert_to_tensor(x), mask=ops.convert_to_tensor(mask), training=True)
    w = weights_of(layer)
    shares = [transcription(w, x[0, :4])[1] / 4, transcription(w, x[1])[1] / 7]
    np.testing.assert_allclose(layer.updated.value(), np.mean(shares), rtol=1e-5)


def test_nothing_is_counted_where_nobody_asks_and_nothing_of_it_is_a_weight(rng):
    layer = built(4)
    layer(ops.convert_to_tensor(sequences(rng, batch=2, time=3)))
    assert numpy(layer.updated.mean.count) == 0
    assert not {id(v) for v in layer.updated.variables} & {id(w) for w in layer.weights}


def test_a_run_reports_the_share_of_updates_and_so_does_an_evaluation(tmp_path):
    values = {
        "units": 4, "update_bias": -1.0, "length": 6, "steps": 2, "batch_size": 4,
        "warmup_steps": 0, "report_interval": 1, "checkpoint_interval": 2,
        "validation_interval": 2, "validation_sequences": 4,
    }  # fmt: skip
    experiment = Experiment.choose("frequency-discrimination", "skip-lstm", values)
    run = Run.create(tmp_path / "run", experiment)
    model = experiment.build_model()
    history = train(run, model)
    assert [0 < record["updated"] < 1 for record in history] == [True, True]

    first, second = evaluate(model, experiment.task, sequences=3)
    assert (first["length"], second["length"]) == (6, 12)
    w = weights_of(model.get_layer("skip_lstm"))
    settings = {label["length"]: task for label, task in experiment.task.settings()}
    for result, length in ((first, 6), (second, 12)):
        inputs = settings[length].batch("test", 0, 0, 3).inputs
        expected = np.mean([transcription(w, x)[1] / length for x in inputs])
        np.testing.assert_allclose(result["updated"], expected, rtol=1e-5)
    other = Experiment.choose("frequency-discrimination", "lstm", {"units": 4, "length": 6})
    assert "updated" not in evaluate(other.build_model(), other.task, sequences=3, lengths=[6])[0]


def test_it_starts_as_the_paper_says():
    layer = built(200, update_bias=1.0)
    w = weights_of(layer)
    assert w["update_bias"] == [1.0]
    np.testing.assert_array_equal(w["bias_0"], np.repeat([0, 1, 0, 0], 200))
    for name in ("initial_state_0", "initial_state_1"):
        assert abs(w[name].mean()) < 0.3
        assert 0.8 < w[name].std() < 1.2
    *_, p, dp, updates = (numpy(s)[0, 0] for s in layer.get_initial_state(1))
    assert (p, dp, updates) == (0, 1, 0)
