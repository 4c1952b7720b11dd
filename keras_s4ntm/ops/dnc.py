"""Dynamic allocation and temporal links: how the Differentiable Neural Computer addresses.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods. Masks and the sharpness of links: Csordás and Schmidhuber 2019, "Improving Differentiable
Neural Computers Through Memory Masking, De-allocation, and Link Distribution Sharpness Control".

Shapes: B batch, R read heads, H any heads, N memory slots, M their width. There is one write head.
"""

from keras import ops

from keras_s4ntm.ops.addressing import COSINE_EPSILON, norm, sharpen
from keras_s4ntm.ops.memory import transposed

# The least usage that a slot counts with, so that its logarithm is finite.
USAGE_EPSILON = 1e-6

# Added to links that are sharpened: below it, nothing follows.
LINK_EPSILON = 1e-6


def oneplus(x):
    """`1 + log(1 + e^x)`, from 1 on: key strengths and sharpness."""
    return 1.0 + ops.softplus(x)


def retention(free_gates, read_weights):
    """How much of each slot is not freed: `psi_t = prod_i (1 - f^i w_{t-1}^{r,i})`.

    Args:
        free_gates: `(B, R)` in (0, 1). 1 frees what the head read at the step before.
        read_weights: `(B, R, N)`, of the step before.

    Returns:
        `(B, N)` in [0, 1].
    """
    return ops.prod(1.0 - ops.expand_dims(free_gates, -1) * read_weights, axis=1)


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
    before = ops.where(first, other <= own, other < own)
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


def masked_content_weights(memory, key, strength, mask):
    """Content addressing by a part of the vectors (2019): `content_weights` of `M(i) * mask` and
    `key * mask`.

    Args:
        memory: `(B, N, M)`.
        key: `(B, H, M)`.
        strength: `(B, H)`, positive.
        mask: `(B, H, M)` in [0, 1].

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    slots = transposed(memory)
    dot = ops.matmul(mask * mask * key, slots)
    slot_norms = ops.sqrt(ops.matmul(mask * mask, slots * slots) + 1e-12)
    cosine = dot / (ops.expand_dims(norm(mask * key), -1) * slot_norms + COSINE_EPSILON)
    return ops.softmax(ops.expand_dims(strength, -1) * cosine, axis=-1)


def read_weights(backward, content, forward, modes):
    """Where to read: `w_t^r = pi[1] b_t + pi[2] c_t^r + pi[3] f_t`.

    Args:
        backward, content, forward: `(B, R, N)`.
        modes: `(B, R, 3)`, a distribution over the three, in this order.

    Returns:
        `(B, R, N)`: weights that sum to one at most.
    """
    return modes[..., 0:1] * backward + modes[..., 1:2] * content + modes[..., 2:3] * forward
