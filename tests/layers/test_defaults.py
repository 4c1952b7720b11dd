"""Layers start as their papers say; what suits a task is a preset (`keras_s4ntm.presets`)."""

import keras
import numpy as np
import pytest
from helpers import numpy

from keras_s4ntm.layers import (
    DNC,
    NTM,
    S4DNTM,
    DNCAccess,
    FeedForwardController,
    LSTMController,
    MemoryCell,
    MemoryRNN,
    NTMAccess,
    S4DController,
)

UNITS, INPUT = 50, 30
NETWORKS = {
    "NTM": lambda: NTM([UNITS, UNITS]),
    "DNC": lambda: DNC(UNITS),
    "S4DNTM": lambda: S4DNTM(UNITS, blocks=2, read_feedback=True),
    "feed-forward": lambda: NTM([UNITS, UNITS], controller="feedforward"),
    "composed": lambda: MemoryRNN(
        MemoryCell(LSTMController(UNITS), DNCAccess(), direct_inputs=True)
    ),
}


def glorot(shape):
    """The bound of Glorot's uniform weights."""
    return np.sqrt(6 / sum(shape))


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_start_as_glorots_and_biases_at_zero_but_forget_gates_at_one(name):
    layer = NETWORKS[name]()
    layer.build((None, None, INPUT))
    seen = set()
    for weight in layer.weights:
        value = numpy(weight.value)
        kind = "norm" if "normalization" in weight.path else weight.name.rstrip("_01")
        if kind in ("kernel", "input_kernel", "direct_kernel", "feedback_kernel"):
            bound = glorot(weight.shape)
            assert np.abs(value).max() <= bound, weight.path
            np.testing.assert_allclose(value.std(), bound / np.sqrt(3), rtol=0.1)
        elif kind == "recurrent_kernel":  # orthogonal, as Keras' own LSTM
            rows = min(weight.shape)
            product = value @ value.T if value.shape[0] == rows else value.T @ value
            np.testing.assert_allclose(product, np.eye(rows), atol=1e-4)
        elif kind == "bias":
            expected = np.zeros(weight.shape)
            if name in ("NTM", "DNC", "composed") and "controller" in weight.path:
                expected[UNITS : 2 * UNITS] = 1
            np.testing.assert_array_equal(value, expected, err_msg=weight.path)
        elif kind == "initial":
            holds = 0 if name in ("DNC", "composed") else 1e-6
            np.testing.assert_array_equal(value, np.full(weight.shape, holds, "float32"))
            assert not weight.trainable
        else:
            assert kind == "norm" or "/s4d/" in weight.path, weight.path
        seen.add(kind)
    assert {"kernel", "bias", "initial"} <= seen


def test_heads_of_an_ntm_start_at_slot_0():
    access = NTMAccess(memory_size=5, read_heads=2, write_heads=2)
    access.build((None, UNITS))
    weights = numpy(access.get_initial_state(3).weights)
    np.testing.assert_array_equal(weights, np.tile(np.eye(5)[0], (3, 4, 1)))


def test_read_heads_of_an_ntm_start_everywhere_where_that_is_asked_for():
    access = NTMAccess(memory_size=5, read_heads=2, write_heads=2, initial_read_weights="uniform")
    access.build((None, UNITS))
    weights = numpy(access.get_initial_state(3).weights)
    np.testing.assert_array_equal(weights[:, :2], np.tile(np.eye(5)[0], (3, 2, 1)))
    np.testing.assert_allclose(weights[:, 2:], 1 / 5)


def test_a_dnc_starts_with_nothing_used_written_or_read():
    access = DNCAccess(memory_size=5, read_heads=2)
    access.build((None, UNITS))
    for name, state in access.get_initial_state(3)._asdict().items():
        assert (numpy(state) == 0).all(), name


@pytest.mark.parametrize("kind", [LSTMController, FeedForwardController, S4DController])
def test_input_weights_have_the_variance_asked_for_times_the_number_of_inputs(kind):
    controller = kind(UNITS, input_variance=4.0)
    controller.build(300, 8)
    (value,) = (numpy(w.value) for w in controller.weights if w.shape[0] == 300)
    np.testing.assert_allclose(300 * value.var(), 4.0, rtol=0.1)
    assert np.abs(value).max() <= np.sqrt(3 * 4.0 / 300)


def test_the_defaults_are_those_of_the_papers_and_of_no_preset():
    """Graves 2014 and 2016: 128 slots of 20, 100 units of an LSTM, a write before the read."""
    ntm, dnc, s4d = NTM().get_config(), DNC().get_config(), S4DNTM().get_config()
    for config in (ntm, dnc, s4d):
        for name, value in config.items():
            if name.endswith("_bias") and name != "forget_bias":
                assert value == 0, name
            if name.endswith("_scale"):
                assert value == 1, name
            if name.endswith("_variance"):
                assert value is None, name
        assert config["order"] == "write-first"
        assert config["output"] == "all"
        assert config["head_noise"] == 0
        assert config["memory_size"] == 128
        assert config["memory_width"] == 20
    for config in (ntm, dnc):
        assert config["controller"] == "lstm"
        assert config["units"] == 100
        assert config["forget_bias"] == config["recurrent_gain"] == 1
        assert config["direct_inputs"] is False
    assert (s4d["dt_min"], s4d["dt_max"]) == (1e-3, 0.1)  # of Gu et al. 2022
    assert s4d["direct_inputs"] is True
    assert ntm["initial_read_weights"] == s4d["initial_read_weights"] == "first"
    assert keras.initializers.get(dnc["memory_initializer"]).value == 0
