"""The DNC as a whole: against NumPy, by hand, and as a drop-in for `keras.layers.LSTM`."""

import math

import dnc_oracle as oracle
import keras
import numpy as np
import pytest
from helpers import (
    finite_differences,
    numpy,
    sequences,
    tensors,
    weight_gradients,
    with_the_weights_of,
)

from keras_s4ntm.layers import DNC
from keras_s4ntm.tasks import Copy

pytestmark = pytest.mark.dealt

SMALL = {"units": 6, "memory_size": 7, "memory_width": 4, "read_heads": 2}
REVISED = {"content_masking": True, "mask_floor": 0.1, "deallocation": True, "link_sharpness": True}
INPUT = 5


def drawn_weights(layer, rng):
    """Sets weights to where training might take them, and the memory to what makes no two slots
    alike: equally used ones would be allocated in an order that rounding decides.

    Returns `{name: array}`, by the last part of the names.
    """
    values = {}
    for weight in layer.weights:
        values[weight.path.split("/")[-1]] = value = 0.7 * rng.normal(size=weight.shape)
        weight.assign(value)
    assert len(values) == len(layer.weights)
    return values


def parts(interface, numbers):
    """Views of what lies along the interface vector on the last axis, by name."""
    sizes = [math.prod(shape) for shape in interface.shapes.values()]
    views = np.split(numbers, np.cumsum(sizes)[:-1], axis=-1)
    return dict(zip(interface.shapes, views, strict=True))


# The equations


@pytest.mark.parametrize(
    "options",
    [
        {"output": "reads"},
        {"order": "read-first"},
        {"content_masking": True},
        {"deallocation": True},
        {"link_sharpness": True},
        {"sparse_links": 3},
        {**REVISED, "output": "all"},
        {**REVISED, "order": "read-first", "controller": "feedforward"},
    ],
    ids=str,
)
def test_layer_equals_the_numpy_transcription_over_20_steps(rng, options):
    layer = DNC(**{**SMALL, **options}, return_sequences=True)
    x = sequences(rng, time=20)
    layer.build(x.shape)
    weights = drawn_weights(layer, rng)
    config = {**layer.get_config(), **SMALL, **options}
    expected = oracle.dnc(x.astype("float64"), weights, config)
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-4)


@pytest.mark.parametrize(
    "options", [{}, {"sparse_links": 2}, {**REVISED, "order": "read-first"}], ids=str
)
def test_gradients_of_the_weights_equal_finite_differences(rng, options):
    """Of each weight along a random direction."""
    layer = DNC(
        3,
        memory_size=4,
        memory_width=2,
        read_heads=2,
        **options,
        output="reads",
        learn_initial_memory=True,
        return_sequences=True,
    )
    x, mix = sequences(rng, batch=2, time=5), rng.normal(size=(2, 5, 4))
    layer.build(x.shape)
    values = drawn_weights(layer, rng)
    ways = {name: rng.normal(size=value.shape) for name, value in values.items()}

    def moved(*steps):
        weights = {n: values[n] + step * ways[n] for n, step in zip(values, steps, strict=True)}
        return mix * oracle.dnc(x.astype("float64"), weights, layer.get_config())

    expected = finite_differences(moved, np.zeros(len(values)))
    mix32 = tensors([mix])[0]
    actual = weight_gradients(layer, lambda: keras.ops.sum(mix32 * layer(x)))
    along = {p.split("/")[-1]: np.sum(g * ways[p.split("/")[-1]]) for p, g in actual.items()}
    np.testing.assert_allclose([along[name] for name in values], expected, rtol=1e-3, atol=1e-3)


def copying_dnc(slots, order, sparse_links, bits=4):
    """A DNC whose weights are set by hand so that it copies.

    The controller passes on the bits, the start and the end marker, and latches the end marker.
    Until then every step is written to a free slot. The end marker looks for the start marker, by
    content; from there on reads follow the links forward.
    """
    start, end, latch = bits, bits + 1, bits + 2
    units, high = bits + 3, 100.0
    on = np.tanh(1.0)  # the output of a unit of the controller that is on
    layer = DNC(
        units,
        memory_size=slots,
        memory_width=bits + 1,
        order=order,
        sparse_links=sparse_links,
        output="reads",
        return_sequences=True,
    )
    layer.build((None, None, bits + 2))

    inputs = np.zeros((bits + 2, 4, units))  # gates: input, forget, candidate, output
    inputs[range(bits + 2), 2, range(bits + 2)] = high
    inputs[end, 2, latch] = high
    gates = np.zeros((4, units))
    gates[0], gates[1], gates[3] = high, -high, high
    gates[1, latch] = high

    interface = layer.cell.access.interface
    kernel, bias = np.zeros((units, interface.size)), np.zeros(interface.size)
    weigh, lean = parts(interface, kernel), parts(interface, bias)
    weigh["add"][range(bits + 1), range(bits + 1)] = 1 / on
    lean["erase"][:] = lean["free_gates"][:] = -high
    lean["write_gate"][:] = lean["allocation_gate"][:] = high
    weigh["write_gate"][latch] = -2 * high / on
    lean["read_keys"][start], lean["read_strengths"][:] = 1, high
    weigh["read_modes"][latch] = np.array([0, 0, high]) / on  # backward, content, forward
    weigh["read_modes"][end] = np.array([0, 2 * high, 0]) / on

    values = {
        "input_kernel": inputs.reshape(bits + 2, -1),
        "recurrent_kernel_0": 0.0,
        "bias_0": gates.reshape(-1),
        "kernel": kernel,
        "bias": bias,
    }
    for weight in layer.trainable_weights:
        weight.assign(np.broadcast_to(values[weight.path.split("/")[-1]], weight.shape))
    return layer


@pytest.mark.parametrize("sparse_links", [None, 2])
@pytest.mark.parametrize("order", ["write-first", "read-first"])
def test_hand_built_network_copies_by_allocation_and_links_until_the_memory_is_full(
    rng, order, sparse_links
):
    batch = Copy(bits=4, max_length=11, zero_vectors=0.5).sample(rng, 40)
    assert batch.mask.sum(1).max() == 11
    outputs = numpy(copying_dnc(12, order, sparse_links)(batch.inputs))
    scored = batch.mask.astype(bool)
    np.testing.assert_allclose(outputs[scored][:, :4], batch.targets[scored], atol=1e-4)


# In training


@pytest.mark.parametrize("options", [{}, {**REVISED, "order": "read-first"}], ids=str)
def test_every_weight_and_head_number_gets_a_finite_gradient_from_a_memory_of_zeros(rng, options):
    layer = DNC(**SMALL, **options, learn_initial_memory=True)
    x = sequences(rng, time=8)
    layer.build(x.shape)
    assert (numpy(layer.cell.access.memory.initial.value) == 0).all()
    target = tensors([rng.normal(size=(3, 14))])[0]
    found = weight_gradients(layer, lambda: keras.ops.sum((layer(x) - target) ** 2))
    for path, gradient in found.items():
        assert np.isfinite(gradient).all(), path
        assert (gradient != 0).any(), path
    interface = layer.cell.access.interface
    for name, part in parts(interface, found[interface.bias.path]).items():
        assert (part != 0).all(), name


def model_of(layer):
    """A small model with masking, and inputs."""
    inputs = keras.Input((None, INPUT))
    outputs = keras.layers.Dense(2)(layer(keras.layers.Masking()(inputs)))
    return keras.Model(inputs, outputs)


def test_trains_and_survives_a_round_trip_through_a_keras_file(rng, tmp_path):
    model = model_of(DNC(**{**SMALL, **REVISED, "units": [5, 6]}))
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    x = sequences(rng)
    x[0, 4:] = 0
    losses = model.fit(x, np.ones((3, 2)), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


@pytest.mark.parametrize("kind", ["gru", "stacked"])
def test_keras_cells_as_controllers_survive_a_round_trip_through_a_keras_file(rng, tmp_path, kind):
    cells = [keras.layers.LSTMCell(5), keras.layers.GRUCell(6)]
    cell = cells[1] if kind == "gru" else keras.layers.StackedRNNCells(cells)
    layer = DNC(**SMALL, controller=cell)
    assert layer.cell.output_size == 6 + 8
    assert DNC.from_config(layer.get_config()).cell.controller.cell is not cell
    model, x = model_of(layer), sequences(rng)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


def test_mixed_precision_stays_near_float32_in_outputs_and_gradients(rng):
    x = sequences(rng)

    def run(layer):
        if layer is not plain:
            with_the_weights_of(plain, layer)
        outputs = layer(x)
        dtype = keras.backend.standardize_dtype(outputs.dtype)
        found = weight_gradients(layer, lambda: keras.ops.mean(keras.ops.sin(layer(x))))
        return dtype, numpy(outputs).astype("float32"), list(found.values())

    plain = DNC(**SMALL, output="reads", return_sequences=True)
    _, expected, expected_gradients = run(plain)
    for name in ("bfloat16", "float16"):
        mixed = DNC(**SMALL, output="reads", return_sequences=True, dtype=f"mixed_{name}")
        dtype, outputs, found = run(mixed)
        assert dtype == name
        np.testing.assert_allclose(outputs, expected, atol=0.02)
        for own, other in zip(found, expected_gradients, strict=True):
            assert own.dtype == "float32"
            np.testing.assert_allclose(own, other, atol=0.1 * np.abs(other).max())


# A drop-in for LSTM


def test_output_and_state_shapes_are_those_of_an_rnn(rng):
    x = sequences(rng)
    assert DNC(**SMALL, output="reads")(x).shape == (3, 8)
    outputs, *states = DNC(**SMALL, return_sequences=True, return_state=True)(x)
    assert outputs.shape == (3, 6, 14)
    sizes = (14, 6, 6, 28, 7, 7, 49, 7, 14, 8)
    assert [tuple(state.shape) for state in states] == [(3, size) for size in sizes]
    assert DNC(**SMALL, sparse_links=3).cell.state_size[6] == 2 * 7 * 3
    np.testing.assert_array_equal(numpy(outputs[:, -1]), numpy(states[0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory_size": 0}, "memory_size must be a positive integer, got 0"),
        ({"memory_width": 2.5}, "memory_width must be a positive integer, got 2.5"),
        ({"read_heads": -1}, "read_heads must be a positive integer, got -1"),
        ({"units": []}, "units must be"),
        ({"order": "sideways"}, "order must be one of 'write-first', 'read-first'"),
        ({"output": "none"}, "output must be one of 'all', 'reads', 'recent-reads'"),
        ({"mask_floor": 1.0}, r"mask_floor must be in \[0, 1\), got 1.0"),
        ({"mask_floor": -0.1}, r"mask_floor must be in \[0, 1\), got -0.1"),
        ({"mask_floor": "low"}, r"mask_floor must be in \[0, 1\), got 'low'"),
        ({"sparse_links": 0}, "sparse_links must be a positive integer or None, got 0"),
        ({"sparse_links": 8}, "sparse_links=8 is larger than memory_size=7"),
        (
            {"sparse_links": 8, "memory_size": 257, "dtype": "mixed_bfloat16"},
            "bfloat16 can count 256 slots, and memory_size=257. Use float32",
        ),
        ({"head_noise": float("nan")}, "head_noise must be a number from 0 on, got nan"),
        ({"write_gate_bias": float("nan")}, "write_gate_bias must be a finite number, got nan"),
        ({"forward_mode_bias": [1.0, None]}, "forward_mode_bias must be a finite number"),
        ({"add_scale": 0}, "add_scale must be a positive number, got 0"),
        ({"controller": "transformer"}, "controller must be one of 'lstm', 'feedforward'"),
        ({"controller": 3}, "controller must be .* a Keras RNN cell"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        DNC(**{**SMALL, **arguments})
