"""Where the heads look: by content, and the addressing mechanism of the Neural Turing Machine.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3.3. Masks of the content:
Csordás and Schmidhuber 2019, "Improving Differentiable Neural Computers Through Memory Masking,
De-allocation, and Link Distribution Sharpness Control".

Shapes: B batch, H heads, N memory slots (`memory_size`), M their width
(`memory_width`), S the shift range.
"""

from keras import ops

from keras_s4ntm.ops.memory import by_heads, transposed

# Added to the product of the norms in the cosine. It also says what counts as *empty*: a slot
# whose norm times that of the key is far below it is similar to nothing.
COSINE_EPSILON = 1e-3

# Added to the square of a norm: a finite gradient at zero.
NORM_EPSILON = 1e-12

# Keeps the logarithm of a weight of zero finite, values and gradients alike.
WEIGHT_EPSILON = 1e-16


def norm(vectors, axis=-1):
    """Euclidean norm over an axis, with a finite gradient at zero."""
    return ops.sqrt(ops.sum(ops.square(vectors), axis=axis) + NORM_EPSILON)


def oneplus(x):
    """`1 + log(1 + e^x)`, from 1 on: key strengths and sharpness of the DNC (Graves et al. 2016,
    Methods, "Interface parameters").
    """
    return 1.0 + ops.softplus(x)


def content_weights(memory, key, strength):
    """Content addressing (equations 5 and 6): softmax over the slots of `strength * cosine`.

        w_c(i) = softmax_i(strength * K(key, M(i)))
        K(u, v) = u.v / (|u| |v| + COSINE_EPSILON)

    Args:
        memory: `(B, N, M)`.
        key: `(B, H, M)`.
        strength: `(B, H)`, positive: the key strength, beta.

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    slots = transposed(memory)
    dot = by_heads(key, slots)
    norms = ops.matmul(ops.expand_dims(norm(key), -1), ops.expand_dims(norm(slots, axis=1), 1))
    cosine = dot / (norms + COSINE_EPSILON)
    return ops.softmax(ops.expand_dims(strength, -1) * cosine, axis=-1)


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
    slot_norms = ops.sqrt(ops.matmul(mask * mask, slots * slots) + NORM_EPSILON)
    cosine = dot / (ops.expand_dims(norm(mask * key), -1) * slot_norms + COSINE_EPSILON)
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


def circular_shift(weights, shift):
    """Convolutional shift (equation 8): `w_s(i) = sum_j w_g(j) s(i - j)`, modulo N.

    Args:
        weights: `(B, H, N)`.
        shift: `(B, H, 2S+1)`, a distribution over the displacements. **Entry j moves the focus
            by j - S**: the first entry by -S, the middle one by 0, the last one by +S.

    Returns:
        `(B, H, N)`.
    """
    slots, width = weights.shape[-1], shift.shape[-1]
    reach = width // 2
    ring = ops.concatenate([weights[..., slots - reach :], weights, weights[..., :reach]], axis=-1)
    return sum(
        shift[..., j : j + 1] * ring[..., width - 1 - j : width - 1 - j + slots]
        for j in range(width)
    )


def sharpen(weights, gamma):
    """Sharpening (equation 9): `w(i) = w_s(i)^gamma / sum_j w_s(j)^gamma`.

    Computed as a softmax of `gamma * log(w_s)`, which neither underflows where many slots share
    the weight nor has an infinite gradient where a weight is zero.

    Args:
        weights: `(B, H, N)`, not negative.
        gamma: `(B, H)`, at least 1.

    Returns:
        `(B, H, N)`: weights that sum to one over the slots.
    """
    return ops.softmax(ops.expand_dims(gamma, -1) * ops.log(weights + WEIGHT_EPSILON), axis=-1)


def address(memory, previous, key, strength, gate, shift, gamma):
    """The whole mechanism (figure 2): content, interpolation, shift, sharpening.

    Args: as in the four functions above; all heads of a network in one call.

    Returns:
        `(B, H, N)`: the weights of every head at this step.
    """
    weights = interpolate(content_weights(memory, key, strength), previous, gate)
    return sharpen(circular_shift(weights, shift), gamma)
