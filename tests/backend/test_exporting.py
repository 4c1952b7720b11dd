"""What a model is made of in a file gives the same numbers."""

import importlib.util

import keras
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops

from keras_s4ntm.backend import exporting


def test_nothing_is_being_exported_when_a_model_runs():
    assert exporting.exporters() == []
    assert not exporting.exporting_onnx()


def test_gelu_of_a_file_is_gelu(monkeypatch):
    x = np.linspace(-8, 8, 101, dtype="float32")
    expected = numpy(exporting.gelu(x))
    np.testing.assert_allclose(expected, numpy(ops.gelu(x, approximate=False)), atol=1e-7)
    monkeypatch.setattr(exporting, "exporting_onnx", lambda: True)
    np.testing.assert_allclose(numpy(exporting.gelu(*tensors([x]))), expected, atol=1e-6)


def test_layer_normalization_of_a_file_is_layer_normalization(monkeypatch, rng):
    layer = keras.layers.LayerNormalization(epsilon=1e-5)
    layer.build((None, None, 6))
    layer.set_weights(rng.normal(size=(2, 6)))
    (x,) = tensors([3.0 + 2.0 * rng.normal(size=(2, 5, 6))])
    expected = numpy(exporting.normalized(layer, x))
    np.testing.assert_allclose(expected, numpy(layer(x)), atol=1e-6)
    monkeypatch.setattr(exporting, "exporting_onnx", lambda: True)
    np.testing.assert_allclose(numpy(exporting.normalized(layer, x)), expected, atol=1e-5)


def test_taking_is_that_of_numpy(rng):
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    one = np.array([4, 0, 0])
    np.testing.assert_array_equal(numpy(exporting.take(*tensors([x]), ops.array(one))), x[:, one])
    along = rng.integers(0, 5, (2, 4, 3))
    taken = exporting.take_along_axis(*tensors([x]), ops.array(along), axis=1)
    np.testing.assert_array_equal(numpy(taken), np.take_along_axis(x, along, axis=1))


@pytest.mark.parametrize("frames", [[], ["one of Keras"]])
def test_the_places_of_the_largest_come_in_their_order(frames, monkeypatch, rng):
    monkeypatch.setattr(exporting, "exporters", lambda: frames)
    x = rng.normal(size=(4, 7))
    places = exporting.places_of_largest(*tensors([x]), 3)
    np.testing.assert_array_equal(numpy(places), np.argsort(-x)[:, :3])


class All(keras.layers.Layer):
    """All that has another form in a file, one after the other: `(B, 5, 6)` to `(B, 3, 2)`."""

    def build(self, input_shape):
        self.normalization = keras.layers.LayerNormalization()
        self.normalization.build(input_shape)

    def call(self, x):
        x = exporting.normalized(self.normalization, exporting.gelu(x))
        x = exporting.take(x, ops.array([4, 0, 2]))
        return exporting.take_along_axis(x, exporting.places_of_largest(x, 2), axis=-1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch and JAX, what Keras uses
def test_a_file_with_all_of_it_gives_what_the_model_gives(tmp_path, rng):
    on_jax = keras.backend.backend() == "jax"
    packages = ("tensorflow",) if on_jax else ("onnx", "onnxruntime", "tf2onnx")
    if any(importlib.util.find_spec(name) is None for name in packages):
        pytest.skip(f"needs {packages}")
    model = keras.Sequential([keras.Input((5, 6)), All()])
    x = rng.normal(size=(3, 5, 6)).astype("float32")
    expected, path = numpy(model(x)), tmp_path / "model.onnx"
    model.export(path, format="tf_saved_model" if on_jax else "onnx", verbose=False)
    if on_jax:
        import tensorflow as tf

        loaded = tf.saved_model.load(str(path))
        outputs = loaded.serve(x).numpy()
    else:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (outputs,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
