"""The gated delta rule: a memory that is a matrix, written with erase and add, all steps at once.

Source: Yang, Kautz, Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta Rule",
equation 10 and section 3.3; the form without a gate is that of Yang, Wang, Zhang, Shen, Kim 2024,
"Parallelizing Linear Transformers with the Delta Rule over Sequence Length". With a decay alpha, a
writing rate beta, key k, value v and query q:

    S_t = alpha_t S_{t-1} (I - beta_t k_t k_t^T) + beta_t v_t k_t^T,   o_t = S_t q_t

That is: what the memory holds under the key is replaced by the value, as far as beta says.

    u_t = beta_t (v_t - alpha_t S_{t-1} k_t),   S_t = alpha_t S_{t-1} + u_t k_t^T

Within a chunk of C steps that begins with the memory S, and with gamma_t = alpha_1 ... alpha_t,

    U = (I + L)^-1 (diag(beta) V - diag(beta gamma) K S)
    O = diag(gamma) Q S + P U
    S' = gamma_C S + (diag(gamma_C / gamma) K)^T U

    L_ts = beta_t (gamma_t / gamma_s) k_t k_s,   s < t
    P_ts =        (gamma_t / gamma_s) q_t k_s,   s <= t

which are products of matrices, and no loop within the chunk. S is transposed here: it has a row for
each number of a key. Decays are logarithms, and each ratio is the exponential of a difference that
is never positive, so that nothing overflows.

Shapes: B batch, T time steps, H heads, K numbers in a key, V in a value, n chunks of C steps.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_s4ntm.backend.time_loop import rnn
from keras_s4ntm.ops.chunks import chunk_length, in_chunks, joined

LONGEST_CHUNK = 64


def delta_rule_step(query, key, value, rate, log_decay, state):
    """One time step, as the equation says.

    Args:
        query, key: `(B, H, K)`; a key is at most of length one.
        value: `(B, H, V)`.
        rate: beta, `(B, H)`, from 0 to 1; to 2 if the key's direction may change its sign.
        log_decay: log alpha, `(B, H)`, not positive.
        state: S transposed, `(B, H, K, V)`.

    Returns:
        `(output, state)`: `(B, H, V)` and `(B, H, K, V)`.
    """
    key = ops.expand_dims(key, -1)
    state = ops.exp(log_decay)[..., None, None] * state
    update = ops.expand_dims(rate, -1) * (value - ops.sum(state * key, axis=-2))
    state = state + key * ops.expand_dims(update, -2)
    return ops.sum(state * ops.expand_dims(query, -1), axis=-2), state


def delta_rule(queries, keys, values, rates, log_decays, state, chunk=LONGEST_CHUNK):
    """A whole sequence, or the next part of one, in chunks.

    What needs no state is computed for all chunks at once; a loop over the chunks carries the
    state. A step with a rate and a logarithm of zero changes nothing.

    Args:
        queries, keys: `(B, T, H, K)`; a key is at most of length one.
        values: `(B, T, H, V)`.
        rates: beta, `(B, T, H)`, see `delta_rule_step`.
        log_decays: log alpha, `(B, T, H)`, finite and not positive.
        state: S transposed before the first step, `(B, H, K, V)`.
        chunk: the most time steps of a chunk. A sequence that is not longer has no loop.

    Returns:
        `(outputs, state)`: `(B, T, H, V)`, and the state after the last step.
    """
    length = ops.shape(queries)[1]
    size = chunk_length(length, chunk)
    sequences = (queries, keys, values, rates, log_decays)
    if isinstance(length, int) and length == 1:
        output, state = delta_rule_step(*(x[:, 0] for x in sequences), state)
        return ops.expand_dims(output, 1), state
    if size is None:
        outputs, state = advance(prepare(*(exchange(x, 1) for x in sequences)), state)
        return exchange(outputs, 1), state

    def step(now, states):
        outputs, state = advance(now, states[0])
        return outputs, [state]

    chunks = prepare(*(exchange(in_chunks(x, size), 2) for x in sequences))
    _, outputs, (state,) = rnn(step, chunks, [state])
    return joined(exchange(outputs, 2), length), state


def exchange(x, axis):
    """An axis and the next one, of time and of heads, change places."""
    return ops.swapaxes(x, axis, axis + 1)


class Chunk(NamedTuple):
    """Of a chunk what does not depend on the state before it."""

    updates: Any  # (..., C, V), U of an empty memory
    erasing: Any  # (..., C, K), what of S the updates take away
    queries: Any  # (..., C, K), as far as S is still there
    scores: Any  # (..., C, C), P
    keys: Any  # (..., C, K), as far as they last until the end of the chunk
    decay: Any  # (..., C, 1), gamma_C, at every step the same


def prepare(queries, keys, values, rates, log_decays):
    """A `Chunk`, or many: `(..., C, K)`, values `(..., C, V)`, rates and decays `(..., C)`."""
    size = keys.shape[-2]
    causal = ops.convert_to_tensor(np.tri(size), keys.dtype)
    sums = ops.cumsum(log_decays, axis=-1)
    differences = ops.expand_dims(sums, -1) - ops.expand_dims(sums, -2)
    ratios = causal * ops.exp(causal * differences)
    kept, rates = ops.expand_dims(ops.exp(sums), -1), ops.expand_dims(rates, -1)

    others = ops.swapaxes(keys, -1, -2)
    strictly = ops.convert_to_tensor(np.tri(size, k=-1), keys.dtype)
    inverse = unit_lower_inverse(strictly * rates * ratios * ops.matmul(keys, others))
    return Chunk(
        updates=ops.matmul(inverse, rates * values),
        erasing=ops.matmul(inverse, rates * kept * keys),
        queries=kept * queries,
        scores=ratios * ops.matmul(queries, others),
        keys=ops.expand_dims(ratios[..., -1, :], -1) * keys,
        decay=ops.broadcast_to(kept[..., -1:, :], ops.shape(kept)),
    )


def advance(chunk, state):
    """A chunk from a given state: `(outputs, state)`."""
    updates = chunk.updates - ops.matmul(chunk.erasing, state)
    outputs = ops.matmul(chunk.queries, state) + ops.matmul(chunk.scores, updates)
    kept = chunk.decay[..., :1, :] * state
    return outputs, kept + ops.matmul(ops.swapaxes(chunk.keys, -1, -2), updates)


def unit_lower_inverse(lower):
    """`(I + L)^-1` of a strictly lower triangular L, `(..., C, C)`, by halves:

        (A 0)^-1   (  A^-1            0  )
        (B D)    = (-D^-1 B A^-1    D^-1 )

    Every product is one of inverses that the result contains, so that nothing grows beyond them;
    powers of L grow to 1e18 where 64 keys are the same.
    """
    size = lower.shape[-1]
    flat = ops.reshape(lower, (-1, size, size))
    return ops.reshape(_inverse(flat), ops.shape(lower))


def _inverse(lower):
    """`(M, C, C)`. Both halves of all matrices are inverted together."""
    count, size = ops.shape(lower)[0], lower.shape[-1]
    if size <= 2:
        return ops.eye(size, dtype=lower.dtype) - lower
    if size % 2:
        return _inverse(ops.pad(lower, [[0, 0], [0, 1], [0, 1]]))[:, :size, :size]
    half = size // 2
    corner = lower[:, half:, :half]
    both = _inverse(ops.concatenate([lower[:, :half, :half], lower[:, half:, half:]], axis=0))
    first, last = both[:count], both[count:]
    corner = -ops.matmul(last, ops.matmul(corner, first))
    upper = ops.concatenate([first, ops.zeros_like(first)], axis=-1)
    return ops.concatenate([upper, ops.concatenate([corner, last], axis=-1)], axis=-2)
