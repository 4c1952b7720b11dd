"""Places vectors in time, for all sequences of a batch at once.

Shapes: B batch, T time steps. A start or a count is one number, or one for each sequence, `(B, 1)`.
"""

import numpy as np


def span(time, start, count):
    """The `count` steps from `start` on.

    Args:
        time: `(T,)`, the numbers of the time steps.

    Returns:
        `(position, there)`, of shape `(B, T)`: steps since `start`, and whether a step is one of
        the `count`.
    """
    position = time - start
    return position, (position >= 0) & (position < count)


def place(vectors, position, there):
    """`vectors[b, position[b, t]]` at the steps that are `there`, zeros elsewhere.

    Args:
        vectors: `(B, n, size)`.
        position: `(B, T)`, from 0 to n - 1 at the steps that are `there`.

    Returns:
        `(B, T, size)`.
    """
    position = np.where(there, position, 0)[..., None]
    return np.take_along_axis(vectors, position, axis=1) * there[..., None]


def channels(*parts):
    """Joins inputs along the last axis, as float32: `(B, T, size)`.

    Args:
        parts: `(B, T, size)`; or one channel, `(B, T)`, or `(T,)` for all sequences alike.
    """
    batch = max(len(part) for part in parts if part.ndim > 1)
    parts = [part if part.ndim == 3 else np.atleast_2d(part)[..., None] for part in parts]
    return np.concatenate(
        [np.broadcast_to(part, (batch, *part.shape[1:])) for part in parts],
        axis=-1,
        dtype="float32",
    )


def one_hot(tokens, size):
    """Tokens `(B, T)` as `(B, T, size)` float32."""
    return np.eye(size, dtype="float32")[tokens]
