"""Pure functions of tensors: the equations of the papers, and nothing else."""

from keras_s4ntm.ops.addressing import (
    address,
    circular_shift,
    content_weights,
    interpolate,
    sharpen,
)
from keras_s4ntm.ops.memory import read, write
from keras_s4ntm.ops.ssm import (
    bidirectional_convolution,
    causal_convolution,
    discretise,
    ssm_chunk,
    ssm_kernel,
    ssm_step,
)

__all__ = [
    "address",
    "bidirectional_convolution",
    "causal_convolution",
    "circular_shift",
    "content_weights",
    "discretise",
    "interpolate",
    "read",
    "sharpen",
    "ssm_chunk",
    "ssm_kernel",
    "ssm_step",
    "write",
]
