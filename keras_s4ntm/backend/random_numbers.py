"""Random numbers: the noise of a training, and the seed that all of it follows from."""

import random

import keras


def normal(shape, stddev, seed):
    """`keras.random.normal`. On TensorFlow with its generator by name: left to choose the same one
    by itself, it builds what XLA compiles to code that takes thirty times as long
    (`docs/performance.md`). The numbers are the same.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.random.normal(shape, stddev=stddev, seed=seed)
    import tensorflow as tf

    return tf.random.stateless_normal(
        shape, tf.cast(seed.next(), "int32"), stddev=stddev, alg="philox"
    )


def set_seed(seed):
    """Initial weights and the random numbers of training follow from `seed`: Keras draws the seeds
    of its initializers and generators from Python's generator. `keras.utils.set_random_seed` would
    also load TensorFlow on every backend, wherever it is installed.
    """
    random.seed(seed)
