"""A trace is what the model computes, in every mode of its layer, and what the papers say."""

import dnc_oracle
import keras
import numpy as np
import oracle
import pytest
from helpers import numpy, sequences, small
from keras import layers, ops

from keras_s4ntm import build_model
from keras_s4ntm.analysis import intervene, trace, zero_slot
from keras_s4ntm.layers import DNC, NTM, S4DNTM, LSTMController, MemoryCell, MemoryRNN, NTMAccess
from keras_s4ntm.models import MODELS, Sizes

pytestmark = pytest.mark.dealt

SMALL = {"memory_size": 7, "memory_width": 4, "memory_initializer": 0.5, "units": 6}
S4D = {**SMALL, "state_dimension": 4}
KINDS = ("bits", "classes")
WITHOUT_MEMORY = (
    "s4d", "lstm", "gru", "skip-lstm", "dilated-lstm", "drr-lstm",
    "transformer", "mamba", "deltanet",
)  # fmt: skip


def weights_of(layer):
    """Weights by the last parts of their names, those of heads with the name of their layer."""
    named = {}
    for weight in layer.weights:
        parent, name = weight.path.split("/")[-2:]
        value = numpy(weight.value).astype("float64")
        named[f"{parent}/{name}" if parent.endswith("_head") else name] = value
    return named


# What the model computes.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in MODELS if name not in WITHOUT_MEMORY])
def test_the_outputs_of_every_model_with_a_memory_are_those_of_predict(rng, name, kind):
    model = build_model(name, Sizes(5, 3, kind), **small(name))
    x = sequences(rng)
    found = trace(model, x)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(found.outputs, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.inputs, x)
    assert found.memory.shape == (3, 7, 8, found.about["memory_width"])
    assert found.accessed.any()


@pytest.mark.parametrize("name", WITHOUT_MEMORY)
def test_a_model_without_a_memory_says_so_in_a_sentence(rng, name):
    model = build_model(name, Sizes(5, 3, "bits"), **small(name))
    with pytest.raises(ValueError, match=f"'{name}' has no memory to look into: none of its"):
        trace(model, sequences(rng))


MODES = {
    "last output": (NTM, {"return_sequences": False}),
    "states": (S4DNTM, {"return_state": True}),
    "backwards": (DNC, {"go_backwards": True}),
    "features backwards": (S4DNTM, {"go_backwards": True}),
    "every third step": (NTM, {"access_interval": 3}),
    "features every third step": (S4DNTM, {"access_interval": 3, "output": "recent-reads"}),
    "once a sequence": (S4DNTM, {"access_interval": "sequence"}),
    "read feedback": (S4DNTM, {"read_feedback": True, "head_inputs": "state"}),
    "bfloat16": (NTM, {"dtype": "mixed_bfloat16"}),
}


@pytest.mark.parametrize(
    ("mode", "masked"),
    [(mode, masked) for masked in (False, True) for mode in MODES],
)
def test_every_mode_of_the_layer_gives_what_it_gives_untraced(rng, mode, masked):
    kind, arguments = MODES[mode]
    arguments = {**(S4D if kind is S4DNTM else SMALL), "return_sequences": True, **arguments}
    layer, x = kind(**arguments), sequences(rng)
    mask = ops.convert_to_tensor(rng.random((3, 6)) < 0.6) if masked else None
    expected = keras.tree.flatten(numpy(layer(x, mask=mask)))
    found = trace(layer, x, mask=mask)
    atol = 1e-2 if mode == "bfloat16" else 1e-6
    np.testing.assert_allclose(found.outputs, expected[0], atol=atol)
    for i, state in enumerate(expected[1:], start=1):
        np.testing.assert_allclose(found.arrays[f"outputs_{i}"], state, atol=1e-6)


def test_both_directions_of_a_bidirectional_layer_have_traces_and_names(rng):
    both = layers.Bidirectional(NTM(**SMALL, return_sequences=True, name="ntm"))
    model, x = keras.Sequential([both, layers.Dense(2)]), sequences(rng)
    expected = numpy(model(x))
    with pytest.raises(ValueError, match="2 memory layers, 'forward_ntm', 'backward_ntm'"):
        trace(model, x)
    with pytest.raises(ValueError, match="no memory layer 'ntm', but 'forward_ntm', "):
        trace(model, x, layer="ntm")
    there, back = (trace(model, x, layer=f"{way}_ntm") for way in ("forward", "backward"))
    np.testing.assert_allclose(there.outputs, expected, atol=1e-6)
    np.testing.assert_allclose(back.outputs, expected, atol=1e-6)
    assert back.about["go_backwards"]
    assert not there.about["go_backwards"]
    assert np.abs(there.memory[:, 1] - back.memory[:, 1]).max() > 1e-3  # of other ends


class Residual(keras.Model):
    """A model by subclassing, with a mask from inside and two memories, in a list."""

    def __init__(self):
        super().__init__()
        self.masking = layers.Masking()
        second = NTM(**SMALL, return_sequences=True, zero_output_for_mask=True, name="second")
        self.memories = [NTM(**SMALL, return_sequences=True, name="first"), second]
        self.out = layers.Dense(5)

    def call(self, inputs):
        hidden = self.masking(inputs)
        for memory in self.memories:
            hidden = memory(hidden)
        return inputs + self.out(hidden)


def test_a_subclassed_model_that_masks_its_inputs_is_traced_in_place(rng):
    model, x = Residual(), sequences(rng)
    x[0, 2:4] = 0
    expected = numpy(model(x))
    found = trace(model, x, layer="second")
    np.testing.assert_allclose(found.outputs, expected, atol=1e-6)
    np.testing.assert_array_equal(found.mask, (x != 0).any(-1))
    np.testing.assert_array_equal(found.accessed, found.mask)
    for name in ("memory", "read_weights", "read_vectors"):
        values = found.arrays[name][0]
        np.testing.assert_array_equal(values[2], values[3])  # of masked steps
        assert (values[4] != values[-1]).any()
    assert (found.keys[0, 2:4] == 0).all()


def test_a_stateful_layer_goes_on_from_its_states(rng):
    layer, x = NTM(**SMALL, return_sequences=True, stateful=True), sequences(rng, time=8)
    layer(x[:, :3])
    first = trace(layer, x[:, 3:5])
    second = trace(layer, x[:, 5:])
    np.testing.assert_allclose(second.memory[:, 0], first.memory[:, -1], atol=1e-6)
    whole = NTM(**SMALL, return_sequences=True)
    whole.build((3, None, 5))
    whole.set_weights(layer.get_weights())
    np.testing.assert_allclose(second.outputs, numpy(whole(x))[:, 5:], atol=1e-6)


def test_tracing_leaves_the_model_as_it_was_also_after_an_error(rng):
    layer = NTM(**SMALL, return_sequences=True)
    model, x = keras.Sequential([layer, layers.Dense(2)]), sequences(rng)
    expected = numpy(model(x))
    trace(model, x)
    with pytest.raises(ValueError, match="slots from 0 to 6"):
        intervene(model, x, zero_slot(7, at=2))
    assert layer.observer is None
    np.testing.assert_array_equal(numpy(model(x)), expected)


def test_a_layer_that_runs_in_a_loop_of_the_model_is_refused_with_what_to_do(rng):
    layer = NTM(**SMALL, name="inner")
    model = keras.Sequential([keras.Input((4, 6, 5)), layers.TimeDistributed(layer)])
    with pytest.raises(ValueError, match=r"'inner' is called 4 times .* trace\(layer, inputs\)"):
        trace(model, rng.normal(size=(2, 4, 6, 5)))


def test_where_it_was_and_what_was_wanted_are_kept(rng):
    model = build_model("dnc", Sizes(5, 3, "bits"), units=6, memory_size=8, deallocation=True)
    x, targets = sequences(rng), rng.integers(0, 2, (3, 6, 3)).astype("float32")
    found = trace(model, x, targets=targets, target_mask=np.ones((3, 6), "float32"))
    np.testing.assert_array_equal(found.targets, targets)
    assert found.target_mask.dtype == bool
    about = {
        "model": "dnc",
        "layer": "dnc",
        "access": "dnc",
        "controller": "LSTMController",
        "memory_size": 8,
        "read_heads": 1,
        "write_heads": 1,
        "order": "write-first",
        "deallocation": True,
        "backend": keras.backend.backend(),
    }
    assert about.items() <= found.about.items()


# What the papers say.


@pytest.mark.parametrize("order", ["write-first", "read-first"])
def test_an_ntm_computes_what_the_paper_says_at_every_step(rng, order):
    layer = NTM(
        **SMALL, return_sequences=True, order=order, read_heads=2, write_heads=2, shift_range=2
    )
    x = 3 * sequences(rng)
    found = trace(layer, x)
    config, weights = layer.get_config(), weights_of(layer)
    np.testing.assert_allclose(found.outputs, oracle.ntm(x, weights, config), atol=1e-5)
    state = oracle.initial_state(config, weights["initial"], 3)
    for t in range(6):
        hidden = found.controller_outputs[:, t]
        interface = [
            hidden @ weights[f"{head}/kernel"] + weights[f"{head}/bias"]
            for head in ("write_head", "read_head")
        ]
        np.testing.assert_allclose(found.memory[:, t], state[0], atol=1e-5)
        state, quantities = oracle.step(np.concatenate(interface, 1), state, config)
        quantities["memory"], places, quantities["read_vectors"] = state
        quantities["write_weights"], quantities["read_weights"] = places[:, :2], places[:, 2:]
        for name, expected in quantities.items():
            values = found.memory[:, t + 1] if name == "memory" else found.arrays[name][:, t]
            np.testing.assert_allclose(values, expected, atol=1e-5, err_msg=name)
    assert found.keys.shape == (3, 6, 4, 4)  # of the write heads, then of the read heads
    assert found.shift_weights.shape == (3, 6, 4, 5)


def test_a_dnc_computes_what_the_paper_says_at_every_step(rng):
    arguments = {**SMALL, "memory_initializer": "random_normal"}
    layer = DNC(**arguments, return_sequences=True, read_heads=2, deallocation=True)
    x = 3 * sequences(rng)
    found = trace(layer, x)
    config, weights = layer.get_config(), weights_of(layer)
    np.testing.assert_allclose(found.outputs, dnc_oracle.dnc(x, weights, config), atol=1e-5)
    for b in range(3):
        state = dnc_oracle.initial_state(config, weights["initial"])
        for t in range(6):
            xi = found.controller_outputs[b, t] @ weights["kernel"] + weights["bias"]
            state, quantities = dnc_oracle.step(xi, state, config)
            names = ("memory", "usage", "precedence", "", "write_weights", "read_weights")
            quantities.update(zip(names, state, strict=False), read_vectors=state[-1])
            del quantities[""]  # the links
            for name, expected in quantities.items():
                values = found.memory[b, t + 1] if name == "memory" else found.arrays[name][b, t]
                np.testing.assert_allclose(
                    values.reshape(-1), np.ravel(expected), atol=1e-5, err_msg=name
                )


# What others make.


class Tagged(NTMAccess):
    """An access of somebody else, with a quantity of its own."""

    def move(self, interface, state, trace=False):
        state, quantities = super().move(interface, state, trace)
        return state, {**(quantities or {}), "surprise": interface[:, :2]}


def test_quantities_of_an_access_of_somebody_else_keep_their_names(rng):
    access = Tagged(memory_size=7, memory_width=4)
    layer = MemoryRNN(MemoryCell(LSTMController(6), access), return_sequences=True)
    found = trace(layer, sequences(rng))
    assert found.about["access"] == "Tagged"
    assert found.surprise.shape == (3, 6, 2)
