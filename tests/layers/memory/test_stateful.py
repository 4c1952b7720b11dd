"""Stateful layers: what they start from, what they carry, what they do not save."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences, weight_gradients
from keras import ops

from keras_s4ntm.layers import NTM

pytestmark = pytest.mark.dealt


def stateful_model():
    """A model whose initial memory is random, so that a stale one would be seen."""
    inputs = keras.Input(batch_shape=(3, 6, 5))
    layer = NTM(
        4, memory_size=7, memory_width=3, memory_initializer="random_normal",
        learn_initial_memory=True, stateful=True, name="ntm",
    )  # fmt: skip
    return keras.Model(inputs, layer(inputs))


def load_model(model, directory):
    model.save(directory / "model.keras")
    return keras.models.load_model(directory / "model.keras")


def set_weights(model, directory):
    other = stateful_model()
    other.set_weights(model.get_weights())
    return other


def load_weights(model, directory):
    model.save_weights(directory / "model.weights.h5")
    other = stateful_model()
    other.load_weights(directory / "model.weights.h5")
    return other


@pytest.mark.parametrize("copied", [load_model, set_weights, load_weights])
def test_a_copy_starts_from_the_initial_memory_of_its_weights_then_carries(rng, tmp_path, copied):
    x = sequences(rng)
    model = stateful_model()
    first, second = numpy(model(x)), numpy(model(x))
    copy = copied(model, tmp_path)
    np.testing.assert_allclose(numpy(copy(x)), first, atol=1e-6)
    np.testing.assert_allclose(numpy(copy(x)), second, atol=1e-6)
    assert np.abs(second - first).max() > 1e-3


def test_compiled_prediction_starts_carries_and_resets_as_calls_do(rng):
    x = sequences(rng)
    model = stateful_model()
    expected = [numpy(model(x)) for _ in range(3)]
    copy = set_weights(model, None)
    for outputs in expected:
        np.testing.assert_allclose(copy.predict(x, verbose=0), outputs, atol=1e-6)
    copy.get_layer("ntm").reset_state()
    np.testing.assert_allclose(copy.predict(x, verbose=0), expected[0], atol=1e-6)


def test_setting_weights_leaves_carried_states_as_they_are(rng):
    x = sequences(rng)
    model = stateful_model()
    expected = [model.predict(x, verbose=0) for _ in range(2)]
    model.get_layer("ntm").reset_state()
    model.predict(x, verbose=0)
    model.set_weights(model.get_weights())
    np.testing.assert_allclose(model.predict(x, verbose=0), expected[1], atol=1e-6)


def test_training_carries_states_from_batch_to_batch(rng):
    x = sequences(rng, batch=6)
    model = stateful_model()
    layer = model.get_layer("ntm")
    model.predict(x, batch_size=3, verbose=0)
    expected = [numpy(state) for state in layer.states]
    layer.reset_state()
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=keras.backend.backend() != "torch")
    model.fit(x, np.ones((6, 7)), batch_size=3, shuffle=False, verbose=0)
    for state, value in zip(layer.states, expected, strict=True):
        np.testing.assert_allclose(numpy(state), value, atol=1e-6)


def test_only_the_first_batch_trains_the_initial_memory(rng):
    x = ops.convert_to_tensor(sequences(rng))
    model = stateful_model()
    initial = model.get_layer("ntm").cell.access.memory.initial

    def gradient():
        return weight_gradients(model, lambda: ops.sum(model(x) ** 2))[initial.path]

    assert (gradient() != 0).any()
    model.predict(x, verbose=0)
    if keras.backend.backend() == "torch":
        initial.value.grad = None  # PyTorch would add to it
    assert (gradient() == 0).all()
