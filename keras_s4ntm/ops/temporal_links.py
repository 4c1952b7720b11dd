"""Temporal links: how a Differentiable Neural Computer reads in the order of writing.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods, "Temporal memory linkage" and "Read weighting". The sharpness of links: Csordás and
Schmidhuber 2019, "Improving Differentiable Neural Computers Through Memory Masking, De-allocation,
and Link Distribution Sharpness Control".

Shapes: B batch, R read heads, N memory slots. There is one write head.
"""

from keras import ops

from keras_s4ntm.ops.addressing import sharpen
from keras_s4ntm.ops.memory import transposed

# Added to links that are sharpened: below it, nothing follows.
LINK_EPSILON = 1e-6


def update_links(links, precedence, write_weights):
    """Temporal links: `L_t[i, j]` is the degree to which slot i was written just after slot j.

        L_t[i, j] = (1 - w_t^w[i] - w_t^w[j]) L_{t-1}[i, j] + w_t^w[i] p_{t-1}[j],   L_t[i, i] = 0

    Args:
        links: `(B, N, N)`.
        precedence: `(B, N)`, of the step before.
        write_weights: `(B, N)`, of this step.

    Returns:
        `(B, N, N)`: in [0, 1], each row and each column with a sum of one at most.
    """
    after, before = ops.expand_dims(write_weights, 2), ops.expand_dims(write_weights, 1)
    links = (1.0 - after - before) * links + after * ops.expand_dims(precedence, 1)
    return links * (1.0 - ops.eye(links.shape[-1], dtype=links.dtype))


def update_precedence(precedence, write_weights):
    """Precedence, where was written last: `p_t = (1 - sum_i w_t^w[i]) p_{t-1} + w_t^w`.

    Args:
        precedence: `(B, N)`.
        write_weights: `(B, N)`, of this step.

    Returns:
        `(B, N)`: weights that sum to one at most.
    """
    return (1.0 - ops.sum(write_weights, axis=-1, keepdims=True)) * precedence + write_weights


def follow_links(links, read_weights):
    """To what was written after, and before, what was read: `f = L_t w^r`, `b = L_t^T w^r`.

    Args:
        links: `(B, N, N)`.
        read_weights: `(B, R, N)`, of the step before.

    Returns:
        `(forward, backward)`, each `(B, R, N)`.
    """
    forward = ops.matmul(read_weights, transposed(links))
    return forward, ops.matmul(read_weights, links)


def sharpen_links(weights, sharpness):
    """Sharpness of links (2019): `S(d, s)_i = (d_i + e)^s / sum_j (d_j + e)^s`.

    Where there are no links, all slots share the weight.

    Args:
        weights: `(B, R, N)`, the forward or the backward weights.
        sharpness: `(B, R)`, at least 1.

    Returns:
        `(B, R, N)`: weights that sum to one over the slots.
    """
    return sharpen(weights + LINK_EPSILON, sharpness)


def read_weights(backward, content, forward, modes):
    """Where to read: `w_t^r = pi[1] b_t + pi[2] c_t^r + pi[3] f_t`.

    Args:
        backward, content, forward: `(B, R, N)`.
        modes: `(B, R, 3)`, a distribution over the three, in this order.

    Returns:
        `(B, R, N)`: weights that sum to one at most.
    """
    return modes[..., 0:1] * backward + modes[..., 1:2] * content + modes[..., 2:3] * forward
