"""Chebyshev polynomials of a graph's Laplacian: convolution on a graph.

Source: Defferrard, Bresson, Vandergheynst 2016, "Convolutional Neural Networks on Graphs with Fast
Localized Spectral Filtering", section 2.1.

Shapes: B batch, N vertices, W numbers of a vertex.
"""

import numpy as np
from keras import ops


def ring_distances(size):
    """How many steps apart two vertices of a ring are, `(N, N)`, an array."""
    apart = np.abs(np.arange(size)[:, None] - np.arange(size))
    return np.minimum(apart, size - apart)


def ring_laplacian(size, reach):
    """The rescaled Laplacian of a ring, `(N, N)`, an array.

        A_ij = 1 where 0 < |i - j| <= r around the ring, else 0;   L = I - D^(-1/2) A D^(-1/2)
        L~ = 2 L / lambda_max - I,  lambda_max = 2

    2 bounds the eigenvalues of every such L. Those of L~ are then between -1 and 1, and so are
    those of its Chebyshev polynomials.

    Args:
        size: N, the number of vertices.
        reach: r, how far apart neighbours are at most.
    """
    distances = ring_distances(size)
    adjacency = ((distances > 0) & (distances <= reach)).astype("float64")
    root = np.sqrt(adjacency.sum(axis=1))
    laplacian = np.eye(size) - adjacency / root / root[:, None]
    return 2.0 * laplacian / 2.0 - np.eye(size)


def chebyshev(operator, x, order):
    """`T_k(L) X` for k = 0 .. K - 1, a list of tensors such as `X`.

        T_0(L) X = X,   T_1(L) X = L X,   T_k(L) X = 2 L T_{k-1}(L) X - T_{k-2}(L) X

    No T_k is ever formed.

    Args:
        operator: L, `(..., N, N)`.
        x: X, `(..., N, W)`; its leading axes are those of L, or fewer of L's are 1.
        order: K, from 1 on.
    """
    terms = [x]
    for k in range(1, order):
        applied = ops.matmul(operator, terms[-1])
        terms.append(applied if k == 1 else 2.0 * applied - terms[-2])
    return terms
