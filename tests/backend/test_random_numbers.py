"""Random numbers are those of Keras, and all of them follow from the seed."""

import keras
import numpy as np
from helpers import numpy

from keras_s4ntm.backend.random_numbers import normal, set_seed


def test_normal_draws_the_numbers_of_keras_one_after_the_other():
    ours, of_keras = keras.random.SeedGenerator(3), keras.random.SeedGenerator(3)
    draws = []
    for _ in range(2):
        draws.append(numpy(normal((4, 5), 0.5, ours)))
        expected = numpy(keras.random.normal((4, 5), stddev=0.5, seed=of_keras))
        np.testing.assert_array_equal(draws[-1], expected)
    assert (draws[0] != draws[1]).all()


def drawn(seed):
    """Initial weights, and noise of a generator of its own."""
    set_seed(seed)
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    return numpy([layer.kernel.value, normal((5,), 1.0, keras.random.SeedGenerator())])


def test_initial_weights_and_noise_follow_from_the_seed():
    for same, first, other in zip(drawn(1), drawn(1), drawn(2), strict=True):
        np.testing.assert_array_equal(same, first)
        assert (other != first).any()
