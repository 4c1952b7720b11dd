"""Sequences in chunks of equal length.

Shapes: B batch, T time steps, n chunks of C time steps.
"""

from keras import ops


def chunk_length(length, longest):
    """C, or `None` where a sequence of this length is one chunk.

    Chunks are as long as each other, as few as possible, and none is longer than `longest`. Where
    the length of the sequence is not known yet, they have `longest` time steps.
    """
    if not isinstance(length, int):
        return longest
    count = -(-length // longest)
    return -(-length // count) if count > 1 else None


def in_chunks(x, size):
    """`(B, T, ...)` as `(B, n, C, ...)`, with zeros behind the last time step."""
    batch, length = ops.shape(x)[:2]
    count = (length + size - 1) // size
    missing = count * size - length
    if not isinstance(missing, int) or missing:
        x = ops.concatenate([x, ops.zeros((batch, missing, *x.shape[2:]), x.dtype)], axis=1)
    return ops.reshape(x, (batch, count, size, *x.shape[2:]))


def joined(x, length):
    """`(B, n, C, ...)` as `(B, T, ...)`, without what was added."""
    batch, count, size = ops.shape(x)[:3]
    return ops.reshape(x, (batch, count * size, *x.shape[3:]))[:, :length]
