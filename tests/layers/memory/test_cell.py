"""Any controller with any access to a memory, composed by hand."""

import json

import keras
import numpy as np
import pytest
from helpers import (
    compiled,
    numpy,
    sequences,
    stream,
    tensors,
    weight_gradients,
    with_the_weights_of,
)
from keras import ops

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

pytestmark = pytest.mark.dealt

UNITS, INPUT = 6, 5
MEMORY = {"memory_size": 7, "memory_width": 4, "read_heads": 2}
CONTROLLERS = {
    "LSTM": lambda: LSTMController([5, UNITS]),
    "feed-forward": lambda: FeedForwardController([5, UNITS]),
    "GRUCell": lambda: keras.layers.GRUCell(UNITS),
    "S4D": lambda: S4DController(UNITS, blocks=2, state_dimension=4),
    "S4D with feedback": lambda: S4DController(UNITS, state_dimension=4, read_feedback=True),
}
ACCESSES = {"NTM": NTMAccess, "DNC": DNCAccess}
PAIRS = [(controller, access) for controller in CONTROLLERS for access in ACCESSES]

any_pair = pytest.mark.parametrize(("controller", "access"), PAIRS)


def composed(controller, access, cell_options=None, **options):
    """A memory network of these two parts, with a memory that is random at first, and learned."""
    access = ACCESSES[access](
        **MEMORY, memory_initializer="random_normal", learn_initial_memory=True
    )
    return MemoryRNN(MemoryCell(CONTROLLERS[controller](), access, **cell_options or {}), **options)


# One loop for all of them


@any_pair
def test_any_controller_with_any_access_streams_as_it_runs_the_whole_sequence(
    rng, controller, access
):
    x = sequences(rng)
    layer = composed(controller, access, return_sequences=True)
    whole = numpy(layer(x))
    assert whole.shape == (3, 6, UNITS + 2 * 4)
    np.testing.assert_allclose(stream(layer, x)[0], whole, atol=1e-5)


@any_pair
def test_any_controller_with_any_access_keeps_its_states_at_masked_steps(rng, controller, access):
    x = sequences(rng)
    mask = rng.permuted(np.arange(6) < np.full((3, 1), 4), axis=1)
    layer = composed(controller, access, return_state=True)
    masked = numpy(layer(x, mask=tensors([mask])[0] > 0))
    without = numpy(layer(x[mask].reshape(3, 4, INPUT)))
    for a, b in zip(masked, without, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@any_pair
def test_any_controller_with_any_access_gets_a_gradient_for_every_weight(rng, controller, access):
    x, target = tensors([sequences(rng), rng.normal(size=(3, UNITS + 8))])
    layer = composed(controller, access, {"direct_inputs": True})
    layer.build(x.shape)
    found = weight_gradients(layer, lambda: ops.sum((layer(x) - target) ** 2))
    assert any(path.endswith("memory/initial") for path in found)
    assert any(path.endswith("direct_kernel") for path in found)
    for path, gradient in found.items():
        assert np.isfinite(gradient).all(), path
        assert (gradient != 0).any(), path


@any_pair
def test_any_controller_with_any_access_survives_a_round_trip_through_a_keras_file(
    rng, tmp_path, controller, access
):
    inputs = keras.Input((None, INPUT))
    layer = composed(controller, access, {"direct_inputs": True, "access_interval": 2})
    model, x = keras.Model(inputs, layer(inputs)), sequences(rng)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.layers[1]
    assert again.cell.controller is not layer.cell.controller
    assert json.dumps(again.get_config()) == json.dumps(layer.get_config())
    for a, b in zip(again.weights, layer.weights, strict=True):
        assert b.path.endswith(a.path)
        np.testing.assert_array_equal(numpy(a.value), numpy(b.value))
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


@any_pair
def test_a_cell_composed_by_hand_follows_a_global_policy_of_mixed_precision(
    rng, controller, access
):
    x = sequences(rng)
    plain = composed(controller, access, return_sequences=True)
    expected = numpy(plain(x))
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = with_the_weights_of(plain, composed(controller, access, return_sequences=True))
    assert {layer.compute_dtype for layer in mixed._flatten_layers()} == {"bfloat16"}
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    outputs = mixed(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(outputs).astype("float32"), expected, atol=0.05)
    streamed, states = stream(mixed, x)
    np.testing.assert_allclose(streamed.astype("float32"), expected, atol=0.05)
    assert {keras.backend.standardize_dtype(state.dtype) for state in states} == {"bfloat16"}

    inputs = keras.Input((None, INPUT))
    hidden = composed(controller, access)(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(hidden))
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    x[0, 4:] = 0
    losses = model.fit(x, np.ones((3, 2)), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_parts_that_compute_in_different_dtypes_are_refused():
    controller, access = LSTMController(UNITS), NTMAccess(**MEMORY)
    lower = {"dtype": "mixed_bfloat16"}
    with pytest.raises(ValueError, match="MemoryCell computes in bfloat16 and its part LSTMContr"):
        MemoryCell(controller, NTMAccess(**MEMORY, **lower), **lower)
    with pytest.raises(ValueError, match="MemoryCell computes in float32 and its part NTMAccess"):
        MemoryCell(controller, NTMAccess(**MEMORY, **lower))
    with pytest.raises(ValueError, match="MemoryRNN computes in bfloat16 and its part MemoryCell"):
        MemoryRNN(MemoryCell(controller, access), **lower)


@pytest.mark.parametrize("output", ["all", "reads"])
def test_a_keras_cell_may_compute_in_float32_where_the_network_does_not(rng, output):
    x = sequences(rng)
    options = {**MEMORY, "output": output, "return_sequences": True}
    plain = NTM(controller=keras.layers.GRUCell(UNITS), **options)
    expected = numpy(plain(x))
    cell = keras.layers.GRUCell(UNITS, dtype="float32")
    mixed = NTM(controller=cell, **options, dtype="mixed_bfloat16")
    outputs = with_the_weights_of(plain, mixed)(x, mask=tensors([np.ones((3, 6))])[0] > 0)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(outputs).astype("float32"), expected, atol=0.05)


# The named networks are compositions

NAMED = {
    "NTM": (
        lambda **options: NTM([5, UNITS], **MEMORY, **options),
        lambda: MemoryCell(LSTMController([5, UNITS]), NTMAccess(**MEMORY)),
    ),
    "NTM, feed-forward, inputs direct": (
        lambda **options: NTM(
            UNITS, **MEMORY, controller="feedforward", direct_inputs=True, output="reads", **options
        ),
        lambda: MemoryCell(
            FeedForwardController(UNITS), NTMAccess(**MEMORY), direct_inputs=True, output="reads"
        ),
    ),
    "S4DNTM": (
        lambda **options: S4DNTM(UNITS, state_dimension=4, **MEMORY, **options),
        lambda: MemoryCell(
            S4DController(UNITS, state_dimension=4), NTMAccess(**MEMORY), direct_inputs=True
        ),
    ),
    "DNC": (
        lambda **options: DNC(UNITS, **MEMORY, deallocation=True, access_interval=2, **options),
        lambda: MemoryCell(
            LSTMController(UNITS), DNCAccess(**MEMORY, deallocation=True), access_interval=2
        ),
    ),
    "DNC of a GRUCell": (
        lambda **options: DNC(controller=keras.layers.GRUCell(UNITS), **MEMORY, **options),
        lambda: MemoryCell(keras.layers.GRUCell(UNITS), DNCAccess(**MEMORY)),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_network_equals_its_composition_with_the_same_weights(rng, name):
    named_of, cell_of = NAMED[name]
    x = sequences(rng)
    named = named_of(return_sequences=True, return_state=True)
    expected = numpy(named(x))
    by_hand = MemoryRNN(cell_of(), return_sequences=True, return_state=True)
    with_the_weights_of(named, by_hand)
    assert [w.name for w in by_hand.weights] == [w.name for w in named.weights]
    assert by_hand.cell.state_size == named.cell.state_size
    for a, b in zip(numpy(by_hand(x)), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


# One time step


@any_pair
def test_states_have_names_in_the_order_of_the_flat_ones(rng, controller, access):
    layer = composed(controller, access, {"access_interval": 2}, return_state=True)
    output, *states = layer(sequences(rng))
    cell = layer.cell
    named = cell.named(states)
    assert named.output is states[0]
    np.testing.assert_array_equal(numpy(named.output), numpy(output))
    assert [tuple(x.shape) for x in named.schedule] == [(3, 1)]
    assert [x.shape[1] for x in named.controller] == cell.controller.state_size
    assert isinstance(named.access, cell.access.State)
    assert named.access.reads is states[-1]
    assert len(states) == 2 + len(named.controller) + len(named.access)


@any_pair
def test_a_traced_step_hands_out_quantities_and_leaves_the_same_states(rng, controller, access):
    layer = composed(controller, access, {"direct_inputs": True})
    x = tensors([sequences(rng)])[0]
    layer.build(x.shape)
    cell = layer.cell
    states = [
        ops.reshape(state, (3, *shape))
        for state, shape in zip(cell.get_initial_state(3), cell.state_shapes, strict=True)
    ]
    step = compiled(lambda projected, states: cell.step(projected, states))
    traced_step = compiled(lambda projected, states: cell.step(projected, states, trace=True))
    for t in range(3):
        projected = cell.project_inputs(x[:, t])
        output, plain, nothing = step(projected, states)
        traced_output, traced, quantities = traced_step(projected, states)
        assert nothing is None
        assert {"erase", "add"} <= set(quantities)
        for name, quantity in quantities.items():
            assert quantity.shape[0] == 3, name
            assert np.isfinite(numpy(quantity)).all(), name
        np.testing.assert_allclose(numpy(traced_output), numpy(output), atol=1e-6)
        for a, b in zip(traced, plain, strict=True):
            np.testing.assert_allclose(numpy(a), numpy(b), atol=1e-6)
        states = plain


def test_direct_inputs_reach_the_heads_beside_the_output_of_the_controller(rng):
    cell = MemoryCell(LSTMController(UNITS), NTMAccess(**MEMORY), direct_inputs=True)
    cell.build((None, INPUT))
    hidden, inputs = tensors([rng.normal(size=(3, UNITS)), rng.normal(size=(3, INPUT))])
    assert tuple(cell.direct_kernel.shape) == (INPUT, cell.access.interface_size)
    expected = numpy(cell.access.project(hidden)) + numpy(inputs) @ numpy(cell.direct_kernel.value)
    np.testing.assert_allclose(numpy(cell.interface(hidden, inputs)), expected, atol=1e-5)


@pytest.mark.parametrize("kind", [NTMAccess, DNCAccess])
def test_direct_weights_have_the_variances_asked_for_of_content_and_of_addressing(kind):
    """Times the number of inputs."""
    access = kind(**MEMORY)
    cell = MemoryCell(
        LSTMController(UNITS),
        access,
        direct_inputs=True,
        direct_content_variance=4.0,
        direct_addressing_variance=1.0,
    )
    cell.build((None, 300))
    kernel = numpy(cell.direct_kernel.value)
    for part, variance in ((access.is_content, 4.0), (~access.is_content, 1.0)):
        np.testing.assert_allclose(300 * kernel[:, part].var(), variance, rtol=0.1)
        assert np.abs(kernel[:, part]).max() <= np.sqrt(3 * variance / 300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outputs": "all"}, "argument of MemoryCell 'outputs'. Did you mean 'output'"),
        ({"output": "none"}, "output must be one of 'all', 'reads', 'recent-reads', 'controller'"),
        ({"direct_content_variance": 0}, "direct_content_variance must be a positive number"),
        ({"direct_addressing_variance": -1.0}, "direct_addressing_variance must be a positive"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        MemoryCell(LSTMController(UNITS), NTMAccess(**MEMORY), **arguments)


@pytest.mark.parametrize("controller", ["lstm", "transformer", 3])
def test_a_controller_that_is_none_is_refused(controller):
    with pytest.raises(ValueError, match=r"controller must be .* a Keras RNN cell"):
        MemoryCell(controller, NTMAccess(**MEMORY))
