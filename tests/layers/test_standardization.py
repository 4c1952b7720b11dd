"""Standardization: against NumPy, its mask, and that nothing behind it sees padding."""

import keras
import numpy as np
import pytest
from helpers import gradients, numpy, tensors

from keras_s4ntm.layers import Standardization
from keras_s4ntm.saving import load_model

MEAN, VARIANCE = [500.0, -2.0, 0.0], [900.0, 0.25, 1e8]


def padded(rng):
    """Three sequences of 2, 4 and 5 steps, and where they are there."""
    there = np.arange(5) < np.array([[2], [4], [5]])
    x = rng.normal(size=(3, 5, 3)) * np.sqrt(VARIANCE) + MEAN
    x[~there] = np.nan
    return x.astype("float32"), there


def test_every_channel_has_mean_0_and_variance_1_and_padding_is_0_and_masked(rng):
    x, there = padded(rng)
    layer = Standardization(MEAN, VARIANCE)
    expected = np.zeros_like(x)
    for i, t in zip(*np.nonzero(there), strict=True):
        for c in range(3):
            expected[i, t, c] = (x[i, t, c] - MEAN[c]) / VARIANCE[c] ** 0.5
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=2e-5)
    np.testing.assert_array_equal(numpy(layer.compute_mask(*tensors([x]))), there)


def test_a_step_of_which_one_input_is_not_a_number_is_masked(rng):
    x, there = padded(rng)
    x[2, 1, 2] = np.nan
    there[2, 1] = False
    layer = Standardization(MEAN, VARIANCE)
    assert np.isfinite(numpy(layer(x))).all()
    np.testing.assert_array_equal(numpy(layer.compute_mask(*tensors([x]))), there)


def test_no_gradient_is_lost_where_there_is_padding(rng):
    x, there = padded(rng)
    layer = Standardization(MEAN, VARIANCE)
    layer.build(x.shape)
    (found,) = gradients(layer.call, tensors([x]))
    expected = np.where(there[..., None], 1 / np.sqrt(VARIANCE), 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_it_computes_in_float32_whatever_the_policy(rng, dtype):
    x, there = padded(rng)
    x[..., 2] *= 10  # more than float16 has
    layer = Standardization(MEAN, VARIANCE, dtype=dtype)
    outputs = layer(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    expected = (x - np.array(MEAN)) / np.sqrt(VARIANCE)
    tolerance = {"float32": 2e-5, "float16": 2e-2, "bfloat16": 0.15}[layer.compute_dtype]
    found = numpy(keras.ops.cast(outputs, "float32"))
    np.testing.assert_allclose(found[there], expected[there], atol=tolerance)


def test_its_mask_reaches_the_layers_behind_it_also_from_a_file(rng, tmp_path):
    x, there = padded(rng)
    inputs = keras.Input((None, 3))
    hidden = Standardization(MEAN, VARIANCE)(inputs)
    model = keras.Model(inputs, keras.layers.LSTM(4)(hidden))
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    whole = numpy(model(x))
    np.testing.assert_allclose(numpy(loaded(x)), whole, atol=1e-6)
    for i, row in enumerate(there):
        np.testing.assert_allclose(numpy(model(x[i : i + 1, row]))[0], whole[i], atol=1e-5)


@pytest.mark.once
@pytest.mark.parametrize(
    ("mean", "variance", "sentence"),
    [
        ([0.0], [0.0], "variance must be positive"),
        ([0.0], [float("nan")], "variance must be positive"),
        ([], [], "variance must be positive"),
        ([float("inf")], [1.0], "mean must be finite"),
        ([0.0, 1.0], [1.0], "mean has 2 numbers and variance 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(mean, variance, sentence):
    with pytest.raises(ValueError, match=sentence):
        Standardization(mean, variance)


@pytest.mark.once
def test_inputs_of_other_channels_are_refused(rng):
    with pytest.raises(ValueError, match="have 2 channels, and the means and variances are those"):
        Standardization(MEAN, VARIANCE)(np.zeros((1, 3, 2), "float32"))
