"""Chebyshev polynomials on a ring, against matrices that are formed explicitly."""

import numpy as np
import pytest

from keras_s4ntm.ops.chebyshev import chebyshev, ring_distances, ring_laplacian


def polynomials(operator, order):
    """T_0 .. T_{K-1} of a matrix by cos(k arccos x) of its eigenvalues, each `(N, N)`."""
    values, vectors = np.linalg.eig(np.asarray(operator, "float64"))
    angles = np.arccos(values.astype("complex128"))
    inverse = np.linalg.inv(vectors)
    return [((vectors * np.cos(k * angles)) @ inverse).real for k in range(order)]


@pytest.mark.parametrize("order", [1, 2, 5])
def test_the_recurrence_gives_the_polynomials_of_a_symmetric_and_of_a_stochastic_matrix(
    equation, rng, order
):
    ring = np.stack([ring_laplacian(7, 2)] * 2)
    rows = rng.uniform(0.1, 1.0, size=(2, 7, 7))
    x = rng.normal(size=(2, 7, 3))

    def transcription(operator, x):
        return sum((k + 1.0) * p @ x for k, p in enumerate(polynomials(operator, order)))

    def operation(operator, x):
        return sum((k + 1.0) * y for k, y in enumerate(chebyshev(operator, x, order)))

    both = equation(operation, transcription)
    for operator in (ring, -rows / rows.sum(-1, keepdims=True)):
        both.check_values([operator, x])
        both.check_float64([operator, x], float32_on_torch=True)


def test_gradients_are_those_of_finite_differences(equation, rng):
    def transcription(operator, x):
        first, second = operator @ x, 2.0 * operator @ operator @ x - x
        return x + 2.0 * first + 3.0 * second

    def operation(operator, x):
        zeroth, first, second = chebyshev(operator, x, 3)
        return zeroth + 2.0 * first + 3.0 * second

    given = [0.5 * rng.normal(size=(2, 4, 4)), rng.normal(size=(2, 4, 3))]
    equation(operation, transcription).check_gradients(given)


@pytest.mark.once
def test_distances_go_around_the_ring():
    np.testing.assert_array_equal(ring_distances(6)[1], [1, 0, 1, 2, 3, 2])


@pytest.mark.once
@pytest.mark.parametrize(("size", "reach"), [(32, 1), (32, 2), (9, 2), (3, 1), (6, 1)])
def test_polynomials_of_the_ring_have_norms_of_at_most_1_and_reach_k_times_r(size, reach):
    laplacian, distances = ring_laplacian(size, reach), ring_distances(size)
    np.testing.assert_array_equal(laplacian, laplacian.T)
    for k, polynomial in enumerate(polynomials(laplacian, 6)):
        assert np.linalg.norm(polynomial, 2) <= 1.0 + 1e-6
        assert np.abs(polynomial[distances > k * reach]).max(initial=0.0) < 1e-6
        if k * reach < size // 2:
            assert np.abs(polynomial[distances == k * reach]).min() > 1e-6


@pytest.mark.once
def test_without_rescaling_the_norms_would_grow():
    laplacian = ring_laplacian(32, 2) + np.eye(32)
    assert np.linalg.norm(polynomials(laplacian, 6)[5], 2) > 10
