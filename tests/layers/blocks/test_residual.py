"""The residual block and the norms."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences
from keras import ops

from keras_s4ntm.layers import FeedForward, Mamba, MeanOverTime, Norm, PositionEncoding, Residual


def layer_norm(x):
    deviation = x - x.mean(-1, keepdims=True)
    return deviation / np.sqrt((deviation**2).mean(-1, keepdims=True) + 1e-5)


def rms_norm(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)


NORMS = {"layer": layer_norm, "rms": rms_norm}


@pytest.mark.parametrize("kind", NORMS)
def test_a_block_adds_what_its_layer_makes_of_the_norm_of_its_input(rng, kind):
    layer = FeedForward(4, hidden_units=3)
    block, x = Residual(layer, norm=kind), sequences(rng, size=4)
    expected = x + numpy(layer(NORMS[kind](x).astype("float32")))
    np.testing.assert_allclose(numpy(block(x)), expected, atol=1e-5)


@pytest.mark.parametrize("kind", NORMS)
def test_a_norm_has_a_scale(rng, kind):
    norm, x = Norm(kind), sequences(rng, size=4)
    np.testing.assert_allclose(numpy(norm(x)), NORMS[kind](x), atol=1e-5)
    scale = next(w for w in norm.weights if w.name in ("gamma", "scale"))
    scale.assign(np.full(4, 2.0, "float32"))
    np.testing.assert_allclose(numpy(norm(x)), 2 * NORMS[kind](x), atol=1e-5)


def test_masks_pass_through_all_layers_to_the_mean_over_time(rng):
    inputs, x = keras.Input((None, 4)), sequences(rng, time=6, size=4)
    hidden = keras.layers.Masking()(inputs)
    for layer in (PositionEncoding(), Residual(Mamba(4)), Norm("layer"), Norm("rms")):
        hidden = layer(hidden)
    model = keras.Model(inputs, MeanOverTime()(hidden))
    whole = numpy(model(x[:, :4]))
    x[:, 4:] = 0.0
    np.testing.assert_allclose(numpy(model(x)), whole, atol=1e-5)


def test_the_place_of_a_step_is_told_by_sines_and_cosines(rng):
    layer, x = PositionEncoding(), sequences(rng, batch=2, time=5, size=6)
    rates = 10000.0 ** -(np.arange(3) / 3)
    phases = np.arange(5)[:, None] * rates
    waves = np.concatenate([np.sin(phases), np.cos(phases)], axis=-1)
    np.testing.assert_allclose(numpy(layer(x)), x + waves, atol=1e-5)
    states = layer.get_initial_state(2)
    for t in range(5):
        output, states = layer.step(ops.convert_to_tensor(x[:, t]), states)
        np.testing.assert_allclose(numpy(output), x[:, t] + waves[t], atol=1e-5)


@pytest.mark.once
def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ValueError, match=r"wraps a layer .* such as Mamba\(64\)"):
        Residual(keras.layers.Dense(3))
    with pytest.raises(ValueError, match="norm must be one of 'layer', 'rms', got 'batch'"):
        Residual(Mamba(4), norm="batch")
    with pytest.raises(ValueError, match="Residual computes in bfloat16 and its part Mamba in"):
        Residual(Mamba(4), dtype="mixed_bfloat16")
    with pytest.raises(ValueError, match="units must be even, got 3"):
        PositionEncoding().build((None, None, 3))
