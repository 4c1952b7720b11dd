"""Where a package has no more what it never promised, a warning says so and the plain form runs."""

import contextlib
import importlib
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers import gradients, numpy, sequences, tensors, weight_gradients
from keras import ops

import keras_s4ntm.backend
from keras_s4ntm import NTM
from keras_s4ntm.backend import fast_access, process, recompute, time_loop
from keras_s4ntm.errors import S4NTMWarning

BACKEND = keras.backend.backend()
ON_TENSORFLOW = pytest.mark.skipif(BACKEND != "tensorflow", reason="is for TensorFlow only")
ON_TORCH = pytest.mark.skipif(BACKEND != "torch", reason="is for PyTorch only")
CASTING = "keras.src.backend.common.variables.AutocastScope"
MISSING = {
    CASTING: recompute,
}
if BACKEND == "torch":
    MISSING["torch.fx.experimental.proxy_tensor.get_proxy_mode"] = fast_access
else:
    MISSING["keras.src.backend.rnn"] = time_loop


@contextlib.contextmanager
def without(name, module):
    """A module of ours as it is where another package does not have this name."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delattr(name)
            with pytest.warns(S4NTMWarning, match=name.rpartition(".")[2]) as warned:
                importlib.reload(module)  # into the namespace that its functions have
        assert len(warned) == 1
        yield
    finally:
        importlib.reload(module)


def small_ntm():
    keras.utils.set_random_seed(0)
    segment_length = 3 if BACKEND == "torch" else None  # elsewhere every step is recomputed
    return NTM(4, memory_size=6, memory_width=3, segment_length=segment_length)


def gradients_of_a_layer(inputs):
    """By its weights; they depend on its outputs."""
    layer = small_ntm()
    layer.build(inputs.shape)
    return list(weight_gradients(layer, lambda: ops.sum(ops.sin(layer(inputs)))).values())


def assert_close(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_the_plain_form_gives_the_same_gradients(rng):
    inputs = sequences(rng, time=8)
    expected = gradients_of_a_layer(inputs)
    for name, module in MISSING.items():
        with without(name, module):
            assert_close(gradients_of_a_layer(inputs), expected)


@ON_TENSORFLOW
def test_the_plain_loop_over_time_takes_sequences_of_unknown_length(rng):
    import tensorflow as tf

    inputs, layer = sequences(rng), small_ntm()
    expected = numpy(layer(inputs))
    with without("keras.src.backend.rnn", time_loop):
        run = tf.function(layer, input_signature=[tf.TensorSpec((None, None, inputs.shape[-1]))])
        assert_close([numpy(run(inputs))], [expected])


@ON_TENSORFLOW
def test_xla_compiles_the_gradient_of_the_plain_loop_over_time(rng):
    import tensorflow as tf

    def outputs(loop, x):
        def step(x, states):
            state = ops.tanh(x + states[0])
            return 2.0 * state, [state]

        return loop(step, x, [ops.zeros_like(x[:, 0])])[1]

    @tf.function(jit_compile=True)
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(outputs(time_loop.scan, x))
        return tape.gradient(total, x)

    arrays = tensors([sequences(rng)])
    expected = gradients(lambda x: outputs(time_loop.rnn, x), arrays)
    assert_close([numpy(gradient(*arrays))], expected)


@pytest.fixture
def torch_loop_is_not_loaded(monkeypatch):
    monkeypatch.delenv("TORCH_COMPILE_DISABLE")
    monkeypatch.setattr(time_loop, "loops_are_compiled", True)
    monkeypatch.delitem(sys.modules, "keras_s4ntm.backend.torch_loop", raising=False)
    monkeypatch.delattr(keras_s4ntm.backend, "torch_loop", raising=False)


@ON_TORCH
@pytest.mark.parametrize(
    "name",
    [
        "torch._inductor.compile",
        "torch._inductor.cpp_builder.get_cpp_compiler",
        "torch._inductor.exc.InvalidCxxCompiler",
        "torch.fx.experimental.proxy_tensor.make_fx",
    ],
)
def test_without_its_compiler_steps_are_not_compiled(monkeypatch, torch_loop_is_not_loaded, name):
    with monkeypatch.context() as patch:
        patch.delattr(name)
        with pytest.warns(S4NTMWarning, match=name.rpartition(".")[2]):
            assert not time_loop.compile_loops()
    assert not time_loop.loops_are_compiled
    assert time_loop.compile_loops()


@ON_TORCH
def test_where_keras_casts_otherwise_steps_are_not_compiled(torch_loop_is_not_loaded):
    with without(CASTING, recompute):
        assert not time_loop.compile_loops()


@pytest.mark.skipif(BACKEND != "jax", reason="is for JAX only")
def test_an_option_that_jax_has_no_more_is_not_set(monkeypatch):
    import jax

    def update(name, value):
        raise AttributeError(f"Unrecognized config option: {name}")

    libc = SimpleNamespace(gnu_get_libc_version=None, mallopt=lambda *_: 1)
    monkeypatch.setattr(process.sys, "platform", "linux")
    monkeypatch.setattr(process.ctypes, "CDLL", lambda _: libc)
    monkeypatch.setattr(jax.config, "update", update)
    with pytest.warns(S4NTMWarning, match="async_dispatch"):
        process.keep_freed_memory()
