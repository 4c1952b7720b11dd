"""Pure functions of tensors: the equations of the papers, and nothing else."""

from keras_s4ntm.ops.addressing import (
    address,
    circular_shift,
    content_weights,
    interpolate,
    sharpen,
)
from keras_s4ntm.ops.memory import read, write

__all__ = [
    "address",
    "circular_shift",
    "content_weights",
    "interpolate",
    "read",
    "sharpen",
    "write",
]
