"""What the heads do at the place where they look: read, erase and add.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", sections 3.1 and 3.2.
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
    return ops.matmul(weights, memory)


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
    for head in range(weights.shape[1]):
        erased = ops.expand_dims(weights[:, head], -1) * ops.expand_dims(erase[:, head], 1)
        memory = memory * (1.0 - erased)
    return memory + ops.matmul(ops.transpose(weights, (0, 2, 1)), add)
