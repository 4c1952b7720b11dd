"""What the heads do at the place where they look: read, erase and add.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", sections 3.1 and 3.2.

A memory `(B, N, M)` is computed with as its transpose `(B, M, N)`, which is how networks keep it
(`layers/memory/memory.py`): the long axis comes last, so that compiled loops run along it.
"""

from keras import ops


def read(memory, weights):
    """Reading (equation 2): `r = sum_i w(i) M(i)`.

    Args:
        memory: `(B, N, M)`.
        weights: `(B, H, N)`, the weights of the read heads.

    Returns:
        `(B, H, M)`: one read vector a head.
    """
    return by_heads(weights, memory)


def write(memory, weights, erase, add):
    """Writing (equations 3 and 4): `M_t(i) = M_{t-1}(i) (1 - w(i) e) + w(i) a`.

    Several heads: each erases by its own factor, then all adds are summed, so that the result
    does not depend on the order of the heads (the paper, below equation 4).

    Args:
        memory: `(B, N, M)`.
        weights: `(B, H, N)`, the weights of the write heads.
        erase: `(B, H, M)` in (0, 1).
        add: `(B, H, M)`.

    Returns:
        `(B, N, M)`: the memory after the step.
    """
    memory = transposed(memory)
    for head in range(weights.shape[1]):
        one = slice(head, head + 1)
        memory = memory * (1.0 - ops.matmul(transposed(erase[:, one]), weights[:, one]))
    return transposed(memory + ops.matmul(transposed(add), weights))


def by_heads(vectors, matrix):
    """`ops.matmul(vectors, matrix)`, one product a head.

    Compilers have fast code for one row times a matrix, forward and backward, and slow code for a
    few rows; `docs/performance.md` shows the difference.
    """
    heads = range(vectors.shape[1])
    return ops.concatenate([ops.matmul(vectors[:, h : h + 1], matrix) for h in heads], axis=1)


def transposed(x):
    """`(B, N, M)` as `(B, M, N)`, or the other way round."""
    return ops.transpose(x, (0, 2, 1))
