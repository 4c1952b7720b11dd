"""The compiled loop over time on PyTorch: the same as the plain loop, values and gradients."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops

from keras_s4ntm import DNC, NTM, S4DNTM
from keras_s4ntm.backend import time_loop
from keras_s4ntm.data.batches import Batches
from keras_s4ntm.models import build_model
from keras_s4ntm.tasks import Copy
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.fit import compile_model

if keras.backend.backend() != "torch":
    pytest.skip("is for PyTorch only", allow_module_level=True)

import torch
from torch._inductor import config

from keras_s4ntm.backend import torch_loop

SMALL = {"memory_size": 6, "memory_width": 3, "return_sequences": True}
LAYERS = {
    "with noise": lambda: NTM(5, head_noise=0.1, **SMALL),
    "in segments, in bfloat16, frozen": lambda: NTM(
        5, segment_length=3, dtype="mixed_bfloat16", trainable=False, **SMALL
    ),
    "of a DNC": lambda: DNC(5, **SMALL),
    "with constants": lambda: S4DNTM(5, state_dimension=4, return_state=True, **SMALL),
}


@pytest.fixture
def loops_are_compiled(monkeypatch):
    """Steps are compiled as quickly as can be: without vector instructions, not optimised."""
    monkeypatch.setattr(time_loop, "loops_are_compiled", True)
    with config.patch({"cpp.simdlen": 0, "aot_inductor.debug_compile": True}):
        yield


def small_ntm():
    return NTM(5, **SMALL)


def sequences(rng):
    return tensors([rng.normal(size=(2, 7, 4))])[0]


def outputs_and_gradients(layer, inputs, mask):
    """The outputs of a layer in training, and the gradients by its weights and its inputs."""
    inputs = inputs.clone().requires_grad_()
    layer.cell.access.seed_generator.state.assign([0, 0])
    outputs = keras.tree.flatten(layer(inputs, mask=mask, training=True))
    loss = sum(ops.sum(ops.cast(x, "float32") * (1 + i)) for i, x in enumerate(outputs))
    wanted = [variable.value for variable in layer.trainable_variables] + [inputs]
    return numpy([ops.cast(x, "float32") for x in (*outputs, *torch.autograd.grad(loss, wanted))])


@pytest.mark.parametrize("name", LAYERS)
def test_masked_outputs_and_all_gradients_are_those_of_the_plain_loop(
    rng, loops_are_compiled, monkeypatch, name
):
    layer, inputs = LAYERS[name](), sequences(rng)
    mask = ops.convert_to_tensor(rng.random((2, 7)) < 0.7)
    layer.build(inputs.shape)
    compiled = outputs_and_gradients(layer, inputs, mask)
    (step,) = torch_loop.COMPILED[layer].values()
    assert step is not None
    monkeypatch.setattr(time_loop, "loops_are_compiled", False)
    plain = outputs_and_gradients(layer, inputs, mask)
    tolerance = 3e-2 if layer.compute_dtype == "bfloat16" else 1e-4
    for actual, expected in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_one_compilation_serves_all_lengths_and_predictions(rng, loops_are_compiled, monkeypatch):
    layer, inputs = small_ntm(), sequences(rng)
    layer(inputs[:, :3])
    (step,) = torch_loop.COMPILED[layer].values()
    with torch.no_grad():
        compiled = [layer(inputs), layer(inputs[:, :4])]
    assert list(torch_loop.COMPILED[layer].values()) == [step]
    monkeypatch.setattr(time_loop, "loops_are_compiled", False)
    for actual, x in zip(compiled, (inputs, inputs[:, :4]), strict=True):
        np.testing.assert_allclose(numpy(actual), numpy(layer(x)), atol=1e-6)


def test_a_gradient_is_compiled_when_one_is_needed(rng, loops_are_compiled):
    layer, inputs = small_ntm(), sequences(rng)
    with torch.no_grad():
        layer(inputs)
    (step,) = torch_loop.COMPILED[layer].values()
    assert step.gradient is None
    ops.sum(layer(inputs)).backward()
    assert all(variable.value.grad is not None for variable in layer.trainable_variables)


def test_the_gradient_of_a_step_takes_the_states_after_it_as_they_are_stored(rng):
    def step(inputs, states, constants):
        state = ops.tanh(inputs + ops.transpose(states[0]))
        return state, [state, ops.transpose(ops.transpose(state))]

    x, before, after, d = tensors(rng.normal(size=(4, 3, 3)))
    compiled = torch_loop.compile_step(step, x, [before, before], [], [], (), True)
    d_x, d_before, nothing = compiled.gradient(x, before, before, after, after, d, d, d)
    expected = 3 * d * (1 - after**2)  # d tanh(a) = 1 - tanh(a)^2, and tanh(a) is given
    np.testing.assert_allclose(numpy(d_x), numpy(expected), rtol=1e-5)
    np.testing.assert_allclose(numpy(d_before), numpy(expected).T, rtol=1e-5)
    assert not numpy(nothing).any()


class NoisyCell(keras.layers.SimpleRNNCell):
    """A controller that draws random numbers at every time step."""

    def call(self, sequence, states, training=False):
        output, states = super().call(sequence, states, training)
        return output + keras.random.normal(output.shape), states


class TorchNoisyCell(keras.layers.SimpleRNNCell):
    """The same with PyTorch's own generator."""

    def call(self, sequence, states, training=False):
        output, states = super().call(sequence, states, training)
        return output + torch.randn_like(output), states


@pytest.mark.parametrize(
    "arguments",
    [
        {"access_probability": 0.5},
        {"controller": NoisyCell(5)},
        {"controller": TorchNoisyCell(5)},
    ],
    ids=["values decide", "Keras' random numbers", "PyTorch's random numbers"],
)
def test_what_cannot_be_recorded_runs_in_the_plain_loop(rng, loops_are_compiled, arguments):
    layer, inputs = NTM(5, **SMALL, **arguments), sequences(rng)
    with pytest.warns(UserWarning, match="is not compiled"):
        first, second = (numpy(layer(inputs, training=True)) for _ in range(2))
    assert set(torch_loop.COMPILED[layer].values()) == {None}
    assert not np.array_equal(first, second)


def test_without_a_compiler_or_where_pytorch_must_not_compile_loops_stay_plain(monkeypatch):
    monkeypatch.setattr(time_loop, "loops_are_compiled", False)
    monkeypatch.setenv("TORCH_COMPILE_DISABLE", "1")
    assert not time_loop.compile_loops()
    monkeypatch.delenv("TORCH_COMPILE_DISABLE")
    assert time_loop.compile_loops()
    monkeypatch.setattr(torch_loop, "get_cpp_compiler", no_compiler)
    assert not time_loop.compile_loops()


def test_what_we_train_is_compiled(loops_are_compiled, monkeypatch):
    monkeypatch.setattr(time_loop, "loops_are_compiled", False)
    monkeypatch.delenv("TORCH_COMPILE_DISABLE")
    assert time_loop.compile_loops()
    task = Copy(bits=2, max_length=3)  # of the sizes of `small_ntm`, which is compiled already
    model = build_model("ntm", task, units=5, memory_size=6, memory_width=3)
    compile_model(model, task, TrainingConfig())
    model.fit(Batches(task, "train", 0, 2, 1), verbose=0)
    steps = [torch_loop.COMPILED.get(layer, {}).values() for layer in model.layers]
    (step,) = (step for compiled in steps for step in compiled)
    assert step.gradient is not None


def no_compiler():
    raise torch_loop.InvalidCxxCompiler
