"""`model.export` of Keras: where it works for `keras.layers.LSTM` it works for every model."""

import importlib.util

import keras
import numpy as np
import pytest
from helpers import also_slow, numpy, small

from keras_s4ntm.errors import BackendError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS

pytestmark = pytest.mark.filterwarnings(r"ignore:(Converting a tensor|torch\.)")  # while tracing


# Of models, so that other forms of their parts are exported as well.
OPTIONS = {
    "s4d": {"blocks": 2, "discretization": "bilinear"},
    "s4d-dnc": {"access_interval": 3},
}


each_model = pytest.mark.parametrize("name", also_slow(MODELS, fast=["s4d-ntm", "dnc"]))


def needs(backend, *packages):
    """A mark: the test is for this backend, and needs these packages."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    other = keras.backend.backend() != backend
    return pytest.mark.skipif(other or bool(missing), reason=f"for {backend} with {packages}")


def build(name):
    """A small model from `(B, T, 4)`."""
    values = {"bits": 2, "max_length": 3, **small(name), **OPTIONS.get(name, {})}
    return Experiment.choose("copy", name, values).build_model()


def onnx_outputs(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]


def assert_same(run, model, shapes, rng):
    """`run(inputs)` gives what the model gives."""
    for shape in shapes:
        inputs = rng.normal(size=(*shape, 4)).astype("float32")
        np.testing.assert_allclose(run(inputs), numpy(model(inputs)), atol=1e-4, err_msg=shape)


@needs("tensorflow", "onnx", "tf2onnx", "onnxruntime")
@each_model
def test_on_tensorflow_an_onnx_file_takes_any_batch_and_length(name, tmp_path, rng):
    model = build(name)
    model(np.zeros((1, 2, 4), "float32"))
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)

    def run(inputs):
        return onnx_outputs(tmp_path / "model.onnx", inputs)

    assert_same(run, model, [(1, 3), (3, 8)], rng)


@needs("torch", "onnx", "onnxruntime")
@each_model
def test_on_pytorch_an_onnx_file_of_one_length_takes_any_batch(name, tmp_path, rng):
    model = build(name)
    signature = [keras.InputSpec("float32", shape=(None, 3, 4), name="inputs")]
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False, input_signature=signature)

    def run(inputs):
        return onnx_outputs(tmp_path / "model.onnx", inputs)

    assert_same(run, model, [(1, 3), (3, 3)], rng)


@needs("torch", "onnx", "onnxruntime")
def test_on_pytorch_an_onnx_file_without_a_loop_takes_any_length(tmp_path, rng):
    model = build("s4d")
    model(np.zeros((1, 2, 4), "float32"))
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)

    def run(inputs):
        return onnx_outputs(tmp_path / "model.onnx", inputs)

    assert_same(run, model, [(1, 3), (3, 8)], rng)


@needs("torch", "onnx")
@pytest.mark.parametrize("name", ["ntm", "s4d-ntm"])
def test_on_pytorch_a_loop_of_unknown_length_is_refused_and_no_file_written(name, tmp_path):
    model = build(name)
    model(np.zeros((1, 2, 4), "float32"))
    with pytest.raises(BackendError, match=r"one length: give `export` `input_signature="):
        model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    assert list(tmp_path.iterdir()) == []


@needs("jax")
@each_model
def test_on_jax_models_and_their_gradients_are_traced_for_any_batch_and_length(name, rng):
    """What Keras does for a SavedModel, without TensorFlow's part of it."""
    import jax

    model = build(name)
    shape = jax.export.symbolic_shape("batch, time, 4")
    call = jax.jit(lambda inputs: model(inputs))
    exported = jax.export.export(call)(jax.ShapeDtypeStruct(shape, "float32"))
    exported.vjp()
    assert_same(exported.call, model, [(1, 3), (3, 8)], rng)


@needs("jax", "tensorflow")
def test_on_jax_a_saved_model_takes_any_batch_and_length(tmp_path, rng):
    import tensorflow as tf

    model = build("s4d-ntm")
    model.export(tmp_path / "model", format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    assert_same(loaded.serve, model, [(1, 3), (3, 8)], rng)
