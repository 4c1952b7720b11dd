"""Sequences taken apart into every d-th time step.

Shapes: B batch, T time steps, d dilation, n time steps of a part: T / d, rounded up.
"""

from keras import ops

from keras_s4ntm.backend.exporting import take
from keras_s4ntm.ops.chunks import in_chunks, joined


def interleaved(x, dilation):
    """`(B, T, ...)` as d sequences side by side, `(B d, n, ...)`: of each sequence its steps 0, d,
    2d, ..., then 1, d + 1, ... Behind the last time step come zeros.
    """
    x = ops.swapaxes(in_chunks(x, dilation), 1, 2)
    batch, _, count = ops.shape(x)[:3]
    return ops.reshape(x, (batch * dilation, count, *x.shape[3:]))


def deinterleaved(x, dilation, length):
    """The inverse of `interleaved`: `(B d, n, ...)` to `(B, T, ...)`."""
    _, count = ops.shape(x)[:2]
    x = ops.reshape(x, (-1, dilation, count, *x.shape[2:]))
    return joined(ops.swapaxes(x, 1, 2), length)


def oldest_first(states, length):
    """The last states of d interleaved sequences in the order in which they are needed next.

    Args:
        states: `(B, d, ...)`.
        length: T, the time steps of all sequences together.
    """
    dilation = states.shape[1]
    if isinstance(length, int):
        first = length % dilation
        return ops.concatenate([states[:, first:], states[:, :first]], axis=1)
    return take(states, (ops.arange(dilation, dtype="int32") + length) % dilation)
