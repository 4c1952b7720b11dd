"""Sequences of different lengths side by side."""

import numpy as np


def pad(array, time):
    """`(B, t, ...)` with zeros after its end: `(B, time, ...)`."""
    return np.pad(array, [(0, 0), (0, time - array.shape[1]), *[(0, 0)] * (array.ndim - 2)])
