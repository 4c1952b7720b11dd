"""Networks with the conventions of others, made by arguments alone, against their own equations."""

from pathlib import Path

import conventions_oracle
import numpy as np
import pytest
from helpers import numpy, tensors, weight_gradients
from keras import ops
from test_docs import blocks

from keras_s4ntm.layers import DNC, NTM, DNCAccess, NTMAccess

pytestmark = pytest.mark.dealt

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
SIZES = {"memory_size": 8, "memory_width": 4}
UNITS, INPUT, TIME = 6, 3, 10


def from_the_page(name):
    """The arguments of a network, as the documentation prints them."""
    first, last = map(int, next(blocks(PAGE, "python")).split("-"))
    names = {}
    exec("\n".join(PAGE.read_text(encoding="utf-8").splitlines()[first:last]), names)
    return names[name]


def somewhere(layer, rng):
    """Its weights where training might take them, by the end of their path."""
    layer.build((1, None, INPUT))
    for weight in layer.weights:
        if weight.name != "initial":
            weight.assign(numpy(weight.value) + rng.normal(size=weight.shape) * 0.7)
    return {
        "/".join(w.path.split("/")[-2:]): numpy(w.value).astype("float64") for w in layer.weights
    }


def heads(weights):
    """`{head: {part: (kernel, bias)}}` of an NTM with one head to read and one to write."""
    width = SIZES["memory_width"]
    parts = {"key": width, "strength": None, "gate": None, "gamma": None, "shift": 3}
    result = {}
    for head, more in (("read", {}), ("write", {"erase": width, "add": width})):
        kernel, bias, first = weights[f"{head}_head/kernel"], weights[f"{head}_head/bias"], 0
        result[head] = {}
        for part, size in {**parts, **more}.items():
            place = first if size is None else slice(first, first + size)
            result[head][part] = kernel[:, place], bias[place]
            first += size or 1
        assert first == len(bias)
    return result


def lstm(weights):
    return tuple(
        weights[f"controller/{name}"] for name in ("input_kernel", "recurrent_kernel_0", "bias_0")
    )


def feed_forward(weights):
    return tuple(weights[f"controller/{name}"] for name in ("input_kernel", "kernel_0", "bias_0"))


def outputs_of(layer, inputs):
    return numpy(layer(inputs[None].astype("float32")))[0]


def test_pytorch_ntm(rng):
    layer = NTM(UNITS, **SIZES, **from_the_page("PYTORCH_NTM"), return_sequences=True)
    weights, inputs = somewhere(layer, rng), rng.normal(size=(TIME, INPUT))
    assert np.abs(weights["memory/initial"]).max() <= 0.08
    expected = conventions_oracle.pytorch_ntm(
        inputs,
        {**heads(weights), "lstm": lstm(weights)},
        weights["memory/initial"],
        weights["access/initial_reads"],
        weights["controller/initial_state_0"],
        weights["controller/initial_state_1"],
    )
    np.testing.assert_allclose(outputs_of(layer, inputs), expected, atol=2e-5)


def test_dichotomies(rng):
    layer = NTM(UNITS, **SIZES, **from_the_page("DICHOTOMIES"), return_sequences=True)
    weights, inputs = somewhere(layer, rng), rng.normal(size=(TIME, INPUT))
    layer.cell.access.own_initial_reads.assign(np.full(4, 1e-6))
    expected = conventions_oracle.dichotomies(
        inputs,
        {**heads(weights), "controller": feed_forward(weights)},
        weights["memory/initial"],
    )
    np.testing.assert_allclose(outputs_of(layer, inputs), expected, atol=2e-5)


def test_collier(rng):
    conventions = from_the_page("COLLIER")
    assert conventions["interface_clip"] == 20
    conventions["interface_clip"] = 1.0  # which such weights exceed
    layer = NTM(UNITS, **SIZES, **conventions, return_sequences=True)
    weights, inputs = somewhere(layer, rng), rng.normal(size=(TIME, INPUT))
    expected = conventions_oracle.collier(
        inputs,
        {**heads(weights), "lstm": lstm(weights)},
        weights["memory/initial"],
        weights["access/initial_reads"],
        {name: weights[f"access/initial_{name}_weights"][0] for name in ("read", "write")},
        clip=1.0,
    )
    np.testing.assert_allclose(outputs_of(layer, inputs), expected, atol=2e-5)
    trained = {weight.path.split("access/")[-1] for weight in layer.trainable_weights}
    assert {"memory/initial", "initial_reads", "initial_read_weights"} <= trained


def test_the_order_of_lasagne(rng):
    layer = NTM(UNITS, **SIZES, **from_the_page("LASAGNE"), return_sequences=True)
    weights, inputs = somewhere(layer, rng), rng.normal(size=(TIME, INPUT))
    memory = np.abs(rng.normal(size=(8, 4)))  # as the first write of its heads leaves it
    layer.cell.access.memory.initial.assign(memory)
    expected = conventions_oracle.lasagne(
        inputs, {**heads(weights), "controller": feed_forward(weights)}, memory
    )
    np.testing.assert_allclose(outputs_of(layer, inputs), expected, atol=2e-5)


def test_the_dnc_of_deepmind(rng):
    layer = DNC(
        UNITS, **SIZES, read_heads=2, **from_the_page("DEEPMIND_DNC"), return_sequences=True
    )
    weights, inputs = somewhere(layer, rng), rng.normal(size=(TIME, INPUT))
    interface, first = {}, 0
    for name, shape in layer.cell.access.interface.shapes.items():
        size = int(np.prod(shape))
        place = slice(first, first + size)
        interface[name] = (
            weights["interface/kernel"][:, place],
            weights["interface/bias"][place],
        )
        first += size
    expected = conventions_oracle.deepmind_dnc(
        inputs, {"interface": interface, "lstm": lstm(weights)}, 8, 4, heads=2
    )
    np.testing.assert_allclose(outputs_of(layer, inputs), expected, atol=2e-5)


def test_without_a_gradient_through_the_usage_values_are_the_same_and_gradients_are_not(rng):
    inputs = rng.normal(size=(1, 6, INPUT)).astype("float32")
    layers = [DNC(UNITS, **SIZES, usage_gradient=usage) for usage in (True, False)]
    somewhere(layers[0], rng)
    layers[1].build(inputs.shape)
    layers[1].set_weights(layers[0].get_weights())
    np.testing.assert_allclose(*(numpy(layer(inputs)) for layer in layers), atol=1e-6)
    one, other = (
        weight_gradients(layer, lambda layer=layer: ops.sum(ops.square(layer(inputs))))
        for layer in layers
    )
    ends = [
        next(g for path, g in gradients.items() if path.endswith("interface/kernel"))
        for gradients in (one, other)
    ]
    assert np.abs(ends[0] - ends[1]).max() > 1e-6


@pytest.mark.parametrize(
    ("kind", "argument", "value"),
    [
        (NTMAccess, "key_activation", "linear"),
        (NTMAccess, "strength_activation", "10*sigmoid"),
        (NTMAccess, "gate_activation", "hard_sigmoid"),
        (NTMAccess, "sharpening_activation", "1+9*sigmoid"),
        (NTMAccess, "erase_activation", "1+0*sigmoid"),
        (NTMAccess, "add_activation", "relu"),
        (NTMAccess, "shift_order", "wrapped"),
        (NTMAccess, "circular_shift", False),
        (NTMAccess, "cosine_epsilon", 0.1),
        (NTMAccess, "norm_epsilon", 0.1),
        (NTMAccess, "sharpening_epsilon", 0.1),
        (NTMAccess, "interface_clip", 0.1),
        (NTMAccess, "order", "write-then-address"),
        (DNCAccess, "key_activation", "tanh"),
        (DNCAccess, "strength_activation", "softplus"),
        (DNCAccess, "add_activation", "tanh"),
        (DNCAccess, "cosine_epsilon", 0.1),
        (DNCAccess, "norm_epsilon", 0.1),
        (DNCAccess, "read_mode_order", "content-last"),
    ],
)
def test_a_convention_changes_the_step_and_the_fast_form_of_the_step_obeys_it(
    rng, kind, argument, value
):
    sizes = {"memory_size": 6, "memory_width": 3}
    usual, other = kind(**sizes), kind(**sizes, **{argument: value})
    interface = 2 * rng.normal(size=(2, usual.interface_size))
    memory = rng.normal(size=(2, 3, 6))

    def step(access, trace):
        if not access.built:
            access.build((None, 4))
        state = access.get_initial_state(2)._replace(memory=tensors([memory])[0])
        for _ in range(2):
            state, _ = access.step(*tensors([interface]), state, trace=trace)
        return [numpy(part) for part in state]

    plain, fast = step(other, True), step(other, False)
    for a, b in zip(plain, fast, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert max(np.abs(a - b).max() for a, b in zip(step(usual, True), plain, strict=True)) > 1e-4


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (NTM, {"key_activation": "swish"}, "key_activation must be one of linear, relu, tanh"),
        (NTM, {"gate_activation": "sigmoid+1"}, "'1.softplus' or '10.sigmoid', got 'sigmoid.1'"),
        (DNC, {"strength_activation": 3}, "strength_activation must be one of .* got 3"),
        (NTM, {"shift_order": "up"}, "shift_order must be one of 'ascending', 'descending'"),
        (NTM, {"order": "later"}, "one of 'write-first', 'read-first', 'write-then-address'"),
        (DNC, {"order": "write-then-address"}, "order must be one of 'write-first', 'read-first',"),
        (NTM, {"norm_epsilon": 0}, "norm_epsilon must be a positive number, got 0"),
        (NTM, {"cosine_epsilon": -1e-3}, "cosine_epsilon must be a number from 0 on, got -0.001"),
        (NTM, {"interface_clip": -20}, "interface_clip must be a positive number, got -20"),
        (NTM, {"reads_initializer": "nothing"}, "reads_initializer must be a number, a Keras ini"),
        (NTM, {"initial_write_weights": "last"}, "initial_write_weights must be one of 'first',"),
        (
            NTM,
            {"reads_initializer": "memory", "learn_initial_reads": True},
            "Use one of the two",
        ),
        (DNC, {"read_mode_order": "forward"}, "read_mode_order must be one of 'content-second'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_accepted(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(4, **arguments)
