"""The optimizer: state space weights learn slowly and do not decay; saved and loaded as a whole."""

import keras
import numpy as np
from helpers import numpy

from keras_s4ntm.layers import GatedDeltaNet, Mamba, S4DBlock
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.optimizers import SLOW_WEIGHTS, make_optimizer


def fitted(config, steps=1):
    """A model with state spaces, its weights before, and after `steps` updates in `fit`."""
    inputs = keras.Input((5, 4))
    model = keras.Model(inputs, keras.layers.Dense(2)(S4DBlock(4, state_dimension=6)(inputs)))
    before = {w.path: numpy(w.value) for w in model.trainable_weights}
    model.compile(make_optimizer(config), "mse", jit_compile=keras.backend.backend() != "torch")
    x = np.random.default_rng(0).normal(size=(8, 5, 4)).astype("float32")
    model.fit(x, np.ones((8, 5, 2)), epochs=steps, verbose=0)
    return model, before


def test_timescales_learn_at_most_at_their_own_rate_and_do_not_decay():
    """After one step of Adam with a tiny epsilon every weight has moved by its rate."""
    rate, decay = 0.02, 0.5
    config = TrainingConfig(
        steps=10, warmup_steps=1, learning_rate=rate, weight_decay=decay, epsilon=1e-4
    )
    optimizer = make_optimizer(config)
    assert optimizer.epsilon == 1e-4
    model, before = fitted(config, steps=3)
    reached = max(float(optimizer.learning_rate), rate)
    for weight in model.trainable_weights:
        moved = np.abs(numpy(weight.value) - before[weight.path]).max()
        slow = weight.name in SLOW_WEIGHTS
        assert moved > 0
        assert (moved <= 3 * 1e-3 * 1.01) == slow, weight.path
        if not slow:
            decayed = decay * reached * np.abs(before[weight.path]).max()
            assert moved <= 3 * (reached + decayed) * 1.01


def test_weights_that_get_no_gradient_decay_unless_they_are_timescales():
    config = TrainingConfig(steps=10, warmup_steps=0, learning_rate=0.1, weight_decay=0.5)
    optimizer = make_optimizer(config)
    slow = keras.Variable(np.ones(3, "float32"), name="log_dt")
    other = keras.Variable(np.ones(3, "float32"), name="kernel")
    optimizer.build([slow, other])
    optimizer.apply([keras.ops.zeros(3), keras.ops.zeros(3)])
    np.testing.assert_array_equal(numpy(slow.value), 1.0)
    np.testing.assert_allclose(numpy(other.value), 1 - 0.1 * 0.5, rtol=1e-6)


def test_rates_of_selective_recurrences_do_not_decay():
    optimizer = make_optimizer(
        TrainingConfig(steps=10, warmup_steps=0, learning_rate=0.1, weight_decay=0.5)
    )
    layers = [Mamba(4), GatedDeltaNet(4)]
    for layer in layers:
        layer.build((None, None, 4))
    weights = [w for layer in layers for w in layer.trainable_weights]
    before = [numpy(w.value) for w in weights]
    optimizer.build(weights)
    optimizer.apply([keras.ops.zeros(w.shape) for w in weights])
    kept = [w.name for w, b in zip(weights, before, strict=True) if (numpy(w.value) == b).all()]
    assert sorted(kept) == ["A_log", "A_log", "D_skip", "dt_bias", "dt_bias"]


def test_gradients_that_overflow_do_not_spoil_the_weights():
    config = TrainingConfig(steps=10, warmup_steps=0, learning_rate=0.1)
    optimizer = make_optimizer(config)
    weight = keras.Variable(np.zeros(5, "float32"), name="kernel")
    optimizer.build([weight])
    gradient = np.array([np.inf, -np.inf, np.nan, 1e30, 1.0], "float32")
    optimizer.apply([keras.ops.convert_to_tensor(gradient)])
    moved = numpy(weight.value)
    assert np.isfinite(moved).all()
    assert moved[0] < 0 < moved[1]
    assert moved[2] == 0
    assert moved[3] < 0


def test_a_saved_optimizer_goes_on_as_if_it_had_not_been_interrupted(tmp_path):
    config = TrainingConfig(steps=10, warmup_steps=2, learning_rate=0.01, weight_decay=0.1)
    model, _ = fitted(config, steps=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    x = np.random.default_rng(1).normal(size=(8, 5, 4)).astype("float32")
    for m in (model, loaded):
        m.fit(x, np.ones((8, 5, 2)), epochs=2, verbose=0)
    for a, b in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_allclose(numpy(a.value), numpy(b.value), atol=1e-7)
