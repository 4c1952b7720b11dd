"""Pure functions of tensors: the equations of the papers, and nothing else.

The two forms of the temporal links have functions of the same names: `temporal_links` and
`sparse_links` are modules.
"""

from keras_s4ntm.ops import sparse_links, temporal_links
from keras_s4ntm.ops.activations import activation, oneplus
from keras_s4ntm.ops.addressing import (
    circular_shift,
    content_weights,
    focus,
    interpolate,
    masked_content_weights,
    sharpen,
)
from keras_s4ntm.ops.allocation import (
    allocation_weights,
    retention,
    update_usage,
    write_weights,
)
from keras_s4ntm.ops.convolution import bidirectional_convolution, causal_convolution
from keras_s4ntm.ops.memory import read, write
from keras_s4ntm.ops.ssm import discretize, ssm_chunk, ssm_kernel, ssm_step

__all__ = [
    "activation",
    "allocation_weights",
    "bidirectional_convolution",
    "causal_convolution",
    "circular_shift",
    "content_weights",
    "discretize",
    "focus",
    "interpolate",
    "masked_content_weights",
    "oneplus",
    "read",
    "retention",
    "sharpen",
    "sparse_links",
    "ssm_chunk",
    "ssm_kernel",
    "ssm_step",
    "temporal_links",
    "update_usage",
    "write",
    "write_weights",
]
