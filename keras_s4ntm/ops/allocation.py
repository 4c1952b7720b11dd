"""Dynamic memory allocation: how a Differentiable Neural Computer finds a slot to write to.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods, "Dynamic memory allocation" and "Write weighting".

Shapes: B batch, R read heads, N memory slots. There is one write head.
"""

from functools import reduce

from keras import ops

# The least usage that a slot counts with, so that its logarithm is finite.
USAGE_EPSILON = 1e-6


def retention(free_gates, read_weights):
    """How much of each slot is not freed: `psi_t = prod_i (1 - f^i w_{t-1}^{r,i})`.

    Args:
        free_gates: `(B, R)` in (0, 1). 1 frees what the head read at the step before.
        read_weights: `(B, R, N)`, of the step before.

    Returns:
        `(B, N)` in [0, 1].
    """
    kept = 1.0 - ops.expand_dims(free_gates, -1) * read_weights
    return reduce(ops.multiply, ops.unstack(kept, axis=1))


def update_usage(usage, write_weights, retention):
    """Usage: `u_t = (u_{t-1} + w_{t-1}^w - u_{t-1} w_{t-1}^w) psi_t`.

    Args:
        usage: `(B, N)` in [0, 1].
        write_weights: `(B, N)`, of the step before.
        retention: `(B, N)`.

    Returns:
        `(B, N)` in [0, 1].
    """
    return (usage + (1.0 - usage) * write_weights) * retention


def allocation_weights(usage):
    """Allocation, along the free list phi, the slots in ascending order of usage:

        a[phi_j] = (1 - u[phi_j]) prod_{i<j} u[phi_i]

    Of equally used slots the one with the lowest index comes first. The product over what comes
    before a slot is taken without sorting, for all pairs of slots. As in the paper there is no
    gradient through the order.

    Args:
        usage: `(B, N)` in [0, 1].

    Returns:
        `(B, N)`: weights that sum to one at most.
    """
    usage = USAGE_EPSILON + (1.0 - USAGE_EPSILON) * usage
    index = ops.arange(usage.shape[-1])
    own, other = ops.expand_dims(usage, -1), ops.expand_dims(usage, -2)
    first = ops.expand_dims(index, 0) < ops.expand_dims(index, 1)
    before = ops.logical_or(other < own, ops.logical_and(first, other == own))
    return (1.0 - usage) * ops.exp(ops.sum(ops.where(before, ops.log(other), 0.0), axis=-1))


def write_weights(allocation, content, allocation_gate, write_gate):
    """Where to write: `w_t^w = g^w (g^a a_t + (1 - g^a) c_t^w)`.

    Args:
        allocation: `(B, N)`.
        content: `(B, N)`, the content weights of the write key.
        allocation_gate, write_gate: `(B, 1)` in (0, 1).

    Returns:
        `(B, N)`: weights that sum to one at most.
    """
    return write_gate * (content + allocation_gate * (allocation - content))
