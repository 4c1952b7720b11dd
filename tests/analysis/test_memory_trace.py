"""Traces of a network while it is trained."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences

from keras_s4ntm.analysis import MemoryTrace, Trace, trace
from keras_s4ntm.layers import NTM


def compiled(layer):
    model = keras.Sequential([keras.Input((None, 5)), layer, keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.mark.once
def test_every_second_epoch_is_traced_as_the_network_then_is_and_training_goes_on_as_without(
    rng, tmp_path
):
    inputs, targets = sequences(rng, size=5), sequences(rng, size=2)
    models = [compiled(NTM(4, memory_size=6, memory_width=3, return_sequences=True)) for _ in "ab"]
    models[1].set_weights(models[0].get_weights())
    callback = MemoryTrace(tmp_path, inputs[:1], interval=2)
    models[0].fit(inputs, targets, epochs=4, verbose=0, shuffle=False, callbacks=[callback])
    models[1].fit(inputs, targets, epochs=4, verbose=0, shuffle=False)
    for own, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch-00002.npz", "epoch-00004.npz"]
    last = Trace.load(tmp_path / "epoch-00004.npz")
    np.testing.assert_allclose(last.outputs, trace(models[0], inputs[:1]).outputs, atol=1e-6)
    np.testing.assert_allclose(last.outputs, numpy(models[0](inputs[:1])), atol=1e-5)
    assert (Trace.load(tmp_path / "epoch-00002.npz").outputs != last.outputs).any()


def test_a_model_without_a_memory_is_refused_before_it_is_trained(rng, tmp_path):
    model = compiled(keras.layers.LSTM(4, return_sequences=True))
    callback = MemoryTrace(tmp_path, sequences(rng))
    with pytest.raises(ValueError, match="has no memory to look into"):
        model.fit(sequences(rng), sequences(rng, size=2), verbose=0, callbacks=[callback])
