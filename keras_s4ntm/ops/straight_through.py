"""Decisions whose gradient is that of what they were decided by.

Source: Bengio, Léonard, Courville 2013, "Estimating or Propagating Gradients Through Stochastic
Neurons for Conditional Computation" (the straight-through estimator).
"""

from keras import ops


def straight_through(decision, x):
    """`decision`, exactly, with the gradient of `x`."""
    return ops.stop_gradient(decision) + (x - ops.stop_gradient(x))


def binarize(x):
    """0 where x is at most 1/2, and 1 above; the gradient is that of x. For x from 0 to 1."""
    return straight_through(ops.cast(x > 0.5, x.dtype), x)


def choose_largest(x):
    """1 for the largest of the last axis and 0 for the others; the gradient is that of x. Where
    several are largest, each has an equal share.
    """
    largest = ops.cast(x >= ops.max(x, axis=-1, keepdims=True), x.dtype)
    return straight_through(largest / ops.sum(largest, axis=-1, keepdims=True), x)
