"""Where the heads look: by content, and the addressing mechanism of the Neural Turing Machine.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3.3. Masks of the content:
Csordás and Schmidhuber 2019, "Improving Differentiable Neural Computers Through Memory Masking,
De-allocation, and Link Distribution Sharpness Control".

Shapes: B batch, H heads, N memory slots (`memory_size`), M their width
(`memory_width`), S the shift range.
"""

from keras import ops

from keras_s4ntm.conventions import COSINE_EPSILON, NORM_EPSILON, SHARPENING_EPSILON
from keras_s4ntm.ops.memory import by_heads, transposed


def norm(vectors, axis=-1, epsilon=NORM_EPSILON):
    """Euclidean norm over an axis, with a finite gradient at zero: `sqrt(sum v^2 + epsilon)`."""
    return ops.sqrt(ops.sum(ops.square(vectors), axis=axis) + epsilon)


def content_weights(
    memory, key, strength, cosine_epsilon=COSINE_EPSILON, norm_epsilon=NORM_EPSILON
):
    """Content addressing (equations 5 and 6): softmax over the slots of `strength * cosine`.

        w_c(i) = softmax_i(strength * K(key, M(i)))
        K(u, v) = u.v / (|u| |v| + cosine_epsilon)

    Args:
        memory: `(B, N, M)`.
        key: `(B, H, M)`.
        strength: `(B, H)`, positive: the key strength, beta.
        cosine_epsilon: see the equation.
        norm_epsilon: see `norm`.

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    slots = transposed(memory)
    dot = by_heads(key, slots)
    key_norm, slot_norm = norm(key, -1, norm_epsilon), norm(slots, 1, norm_epsilon)
    norms = ops.matmul(ops.expand_dims(key_norm, -1), ops.expand_dims(slot_norm, 1))
    cosine = dot / (norms + cosine_epsilon)
    return ops.softmax(ops.expand_dims(strength, -1) * cosine, axis=-1)


def masked_content_weights(
    memory, key, strength, mask, cosine_epsilon=COSINE_EPSILON, norm_epsilon=NORM_EPSILON
):
    """Content addressing by a part of the vectors (2019): `content_weights` of `M(i) * mask` and
    `key * mask`.

    Args:
        memory: `(B, N, M)`.
        key: `(B, H, M)`.
        strength: `(B, H)`, positive.
        mask: `(B, H, M)` in [0, 1].
        cosine_epsilon, norm_epsilon: see `content_weights`.

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    slots = transposed(memory)
    dot = ops.matmul(mask * mask * key, slots)
    slot_norms = ops.sqrt(ops.matmul(mask * mask, slots * slots) + norm_epsilon)
    key_norm = ops.expand_dims(norm(mask * key, -1, norm_epsilon), -1)
    cosine = dot / (key_norm * slot_norms + cosine_epsilon)
    return ops.softmax(ops.expand_dims(strength, -1) * cosine, axis=-1)


def interpolate(content, previous, gate):
    """Interpolation (equation 7): `w_g = g * w_c + (1 - g) * w_{t-1}`.

    Args:
        content: `(B, H, N)`, the content weights of this step.
        previous: `(B, H, N)`, the weights of the step before.
        gate: `(B, H)` in (0, 1). 0 keeps the previous weights, 1 takes the content weights.

    Returns:
        `(B, H, N)`.
    """
    return previous + ops.expand_dims(gate, -1) * (content - previous)


def circular_shift(weights, shift, circular=True):
    """Convolutional shift (equation 8): `w_s(i) = sum_j w_g(j) s(i - j)`, modulo N.

    Args:
        weights: `(B, H, N)`.
        shift: `(B, H, 2S+1)`, a distribution over the displacements. **Entry j moves the focus
            by j - S**: the first entry by -S, the middle one by 0, the last one by +S.
        circular: whether what leaves the memory at one end enters at the other. Else it is lost.

    Returns:
        `(B, H, N)`.
    """
    slots, width = weights.shape[-1], shift.shape[-1]
    reach = width // 2
    before, after = weights[..., slots - reach :], weights[..., :reach]
    if not circular:
        before, after = ops.zeros_like(before), ops.zeros_like(after)
    around = ops.concatenate([before, weights, after], axis=-1)
    return sum(
        shift[..., j : j + 1] * around[..., width - 1 - j : width - 1 - j + slots]
        for j in range(width)
    )


def sharpen(weights, gamma, epsilon=SHARPENING_EPSILON):
    """Sharpening (equation 9): `w(i) = w_s(i)^gamma / sum_j w_s(j)^gamma`.

    Computed as a softmax of `gamma * log(w_s + epsilon)`, which neither underflows where many
    slots share the weight nor has an infinite gradient where a weight is zero.

    Args:
        weights: `(B, H, N)`, not negative.
        gamma: `(B, H)`, at least 1.
        epsilon: added to the weights.

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    return ops.softmax(ops.expand_dims(gamma, -1) * ops.log(weights + epsilon), axis=-1)


def focus(content, previous, gate, shift, gamma, circular=True, epsilon=SHARPENING_EPSILON):
    """From the content weights to the weights (figure 2): interpolation, shift, sharpening.

    Args: as in the three functions above; all heads of a network in one call.

    Returns:
        `(B, H, N)`: the weights of every head at this step.
    """
    shifted = circular_shift(interpolate(content, previous, gate), shift, circular)
    return sharpen(shifted, gamma, epsilon)
