"""Layers that change from epoch to epoch."""

import keras
import numpy as np
from helpers import numpy, sequences

from keras_s4ntm.layers import SANTM
from keras_s4ntm.training.callbacks import BeginEpochs


def test_the_support_of_a_mask_shrinks_in_training_and_the_compiled_steps_follow(rng):
    layer = SANTM(4, mask_steps=5, access_rate=0.5, memory_size=4, memory_width=4)
    model = keras.Sequential([keras.Input((5, 3)), layer, keras.layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    x, y = sequences(rng, 2, 5, 3), np.ones((2, 1))
    lengths, run_sparse = [], layer.memory.run_sparse

    def watched(sequences, initial_state, mask, gates, steps, training):
        lengths.append(5 if steps is None else int(steps.shape[0]))
        return run_sparse(sequences, initial_state, mask, gates, steps, training)

    layer.memory.run_sparse = watched
    model.fit(x, y, batch_size=2, epochs=4, verbose=0, callbacks=[BeginEpochs()])
    assert numpy(layer.access_mask.support.value).sum() == 3
    assert lengths[0] == 5
    assert lengths[-1] == 3
    assert all(np.isfinite(w).all() for w in model.get_weights())
