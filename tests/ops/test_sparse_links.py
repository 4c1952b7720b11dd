"""Links of which each slot keeps the strongest: against NumPy, and against all links."""

import dnc_oracle as oracle
import numpy as np
import pytest
from helpers import finite_differences, gradients, numpy, tensors
from keras import ops
from oracle import softmax

from keras_s4ntm.ops import sparse_links, temporal_links

B, R, N, T = 2, 2, 6, 5


def as_matrices(links):
    """`(B, 2, N, K)` as `(B, N, N)`."""
    matrices = np.zeros((len(links), N, N))
    for b, i, k in np.ndindex(len(links), *links.shape[2:]):
        matrices[b, i, int(links[b, 1, i, k])] += links[b, 0, i, k]
    return matrices


def writes(rng):
    """Write weights `(B, T, N)` that sum to less than one."""
    return 0.9 * softmax(2 * rng.normal(size=(B, T, N)))


def run(write_weights, module, links, *count):
    """Links and precedence after writing; the oracle's of one sequence, or those of the module."""
    precedence = 0.0 * write_weights[..., 0, :]
    update = module.update_sparse_links if count else module.update_links
    for t in range(T):
        w = write_weights[..., t, :]
        links = update(links, precedence, w, *count)
        precedence = (module if count else temporal_links).update_precedence(precedence, w)
    return links


def none(count):
    """No links."""
    return ops.zeros((B, 2, N, count))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_links_after_some_steps_equal_the_transcription(rng, count):
    w = writes(rng)
    expected = [run(one, oracle, np.zeros((N, N)), count) for one in w]
    actual = numpy(run(*tensors([w]), sparse_links, none(count)))
    np.testing.assert_allclose(as_matrices(actual), expected, atol=1e-6)


def test_with_as_many_links_as_slots_none_is_lost(rng):
    w, reading = writes(rng), softmax(rng.normal(size=(B, R, N)))
    (w, reading) = tensors([w, reading])
    sparse, dense = run(w, sparse_links, none(N)), run(w, temporal_links, ops.zeros((B, N, N)))
    np.testing.assert_allclose(as_matrices(numpy(sparse)), numpy(dense), atol=1e-6)
    expected = numpy(temporal_links.follow_links(dense, reading))
    np.testing.assert_allclose(
        numpy(sparse_links.follow_links(sparse, reading)), expected, atol=1e-6
    )


@pytest.mark.parametrize("count", [1, 3])
def test_links_are_followed_as_those_of_the_matrix(rng, count):
    reading = softmax(rng.normal(size=(B, R, N)))
    links = run(*tensors([writes(rng)]), sparse_links, none(count))
    matrices = as_matrices(numpy(links))
    expected = [oracle.follow_links(m, r) for m, r in zip(matrices, reading, strict=True)]
    actual = np.stack(numpy(sparse_links.follow_links(links, *tensors([reading]))))
    np.testing.assert_allclose(actual, np.swapaxes(expected, 0, 1), atol=1e-6)


@pytest.mark.parametrize("count", [2, N])
def test_gradients_of_what_is_followed_equal_finite_differences(rng, count):
    w, reading = writes(rng), softmax(rng.normal(size=(B, R, N)))
    mix = rng.normal(size=(2, B, R, N))

    def transcription(w, reading):
        links = [run(one, oracle, np.zeros((N, N)), count) for one in w]
        followed = [oracle.follow_links(m, r) for m, r in zip(links, reading, strict=True)]
        return mix * np.swapaxes(followed, 0, 1)

    (mix32,) = tensors([mix])

    def operation(w, reading):
        links = run(w, sparse_links, none(count))
        return mix32 * ops.stack(sparse_links.follow_links(links, reading))

    expected = finite_differences(transcription, [w, reading])
    for g, e in zip(gradients(operation, tensors([w, reading])), expected, strict=True):
        np.testing.assert_allclose(g, e, atol=3e-4)


def test_writing_one_slot_after_the_other_gives_exact_links_and_none_to_itself():
    order = [2, 0, 0, 3, 1]
    (w,) = tensors([np.eye(N)[[order]]])
    links = as_matrices(numpy(run(w, sparse_links, none(1)[:1])))
    expected = np.zeros((N, N))
    expected[[3, 1], [0, 3]] = 1  # what was linked to slot 0 went when it was written again
    np.testing.assert_array_equal(links[0], expected)


def test_rows_and_columns_sum_to_one_at_most_and_no_slot_follows_itself(rng):
    w = softmax(5 * rng.normal(size=(B, T, N)))
    links = as_matrices(numpy(run(*tensors([w]), sparse_links, none(3))))
    assert (links >= 0).all()
    assert (links.sum(1) <= 1 + 1e-6).all()
    assert (links.sum(2) <= 1 + 1e-6).all()
    assert (np.diagonal(links, axis1=1, axis2=2) == 0).all()


def test_the_strongest_keep_the_sum_and_of_equal_ones_the_first_are_taken():
    weights = np.array([[0.1, 0.3, 0.1, 0.1, 0.4, 0.0], [0.0] * N])
    values, slots = numpy(sparse_links.strongest(*tensors([weights]), 3))
    assert slots[0].tolist() == [4, 1, 0]
    np.testing.assert_allclose(values, [[0.5, 0.375, 0.125], [0, 0, 0]], atol=1e-6)
