"""How step sizes and decays of recurrent weights start.

Source: Gu and Dao 2023, "Mamba", section 3.6, and the authors' code.
"""

import math

import keras
from keras import ops

DT_MIN, DT_MAX = 1e-3, 0.1


def step_size_bias(shape, dtype=None):
    """An initializer: `softplus` of the values is log-uniform between `DT_MIN` and `DT_MAX`."""
    uniform = keras.random.uniform(shape, math.log(DT_MIN), math.log(DT_MAX), dtype="float32")
    return ops.cast(ops.log(ops.expm1(ops.exp(uniform))), dtype or "float32")


def log_arange(shape, dtype=None):
    """An initializer: `log(1 .. N)` in every row, S4D-Real."""
    row = ops.log(ops.cast(ops.arange(1, shape[-1] + 1), dtype or "float32"))
    return ops.tile(row[None], (shape[0], 1))


def log_uniform(shape, dtype=None):
    """An initializer: logarithms of numbers that are uniform between 0 and 16."""
    uniform = keras.random.uniform(shape, 1e-3, 16.0, dtype="float32")
    return ops.cast(ops.log(uniform), dtype or "float32")
