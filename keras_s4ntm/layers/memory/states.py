"""States of recurrent networks: with the shapes of their equations, and flat, as Keras has them.

Keras requires recurrent states `(B, size)`. Loops over time run on states with their own shapes: of
a number in a flat state compiled code has to find out by a division where in the matrix it is;
`docs/performance.md` shows what that costs. Shapes here are without the batch.
"""

import math

from keras import ops


def sizes_of(shapes):
    """How many numbers states of such shapes hold."""
    return [math.prod(shape) for shape in shapes]


def shaped(states, shapes):
    """Flat states `(B, size)` with their shapes."""
    return [ops.reshape(state, (-1, *shape)) for state, shape in zip(states, shapes, strict=True)]


def flattened(states):
    """States of any shapes as `(B, size)`."""
    return [ops.reshape(state, (-1, math.prod(state.shape[1:]))) for state in states]


def where(mask, new, old):
    """One state: `new` in the sequences where the mask `(B, 1)` is true, `old` in the others."""
    return ops.where(ops.reshape(mask, (-1,) + (1,) * (len(old.shape) - 1)), new, old)
