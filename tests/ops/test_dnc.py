"""Allocation, links and read modes of the DNC: against NumPy, by their invariants, at the edges."""

import dnc_oracle as oracle
import keras
import numpy as np
import pytest
from helpers import finite_differences, float64, gradients, numpy, tensors
from keras import ops
from oracle import softmax

from keras_s4ntm.ops import content_weights, dnc

B, R, N, M = 2, 3, 5, 4


def positive(rng, *shape):
    return rng.uniform(0, 1, (B, *shape))


def weighting(rng, *shape):
    """Weights over the slots that sum to less than one."""
    return 0.9 * softmax(rng.normal(size=(B, *shape)))


def links(rng):
    """Links with a zero diagonal whose rows and columns sum to less than one."""
    return positive(rng, N, N) / N * (1 - np.eye(N))


def distribution(rng, *shape):
    return softmax(rng.normal(size=(B, *shape)))


ARGUMENTS = {
    "retention": lambda r: [positive(r, R), weighting(r, R, N)],
    "update_usage": lambda r: [positive(r, N), weighting(r, N), positive(r, N)],
    "allocation_weights": lambda r: [positive(r, N)],
    "write_weights": lambda r: [
        weighting(r, N), weighting(r, N), positive(r, 1), positive(r, 1)
    ],
    "update_links": lambda r: [links(r), weighting(r, N), weighting(r, N)],
    "update_precedence": lambda r: [weighting(r, N), weighting(r, N)],
    "follow_links": lambda r: [links(r), weighting(r, R, N)],
    "sharpen_links": lambda r: [weighting(r, R, N), 1 + 3 * positive(r, R)],
    "masked_content_weights": lambda r: [
        r.normal(size=(B, N, M)), r.normal(size=(B, R, M)), 5 * positive(r, R), positive(r, R, M)
    ],
    "read_weights": lambda r: [
        weighting(r, R, N), weighting(r, R, N), weighting(r, R, N), distribution(r, R, 3)
    ],
}  # fmt: skip


FLOAT32_ON_TORCH = ("retention", "follow_links", "masked_content_weights")


def transcription(name):
    """The NumPy function of one sequence, for a batch."""
    function = getattr(oracle, name)
    axis = 1 if name == "follow_links" else 0  # gives two results
    return lambda *a: np.stack([function(*one) for one in zip(*a, strict=True)], axis)


def operation(name):
    """The operation; where it gives two results, both in one tensor."""
    function = getattr(dnc, name)
    return (lambda *a: ops.stack(function(*a))) if name == "follow_links" else function


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_equals_the_transcription_of_its_equation(rng, name):
    arguments = ARGUMENTS[name](rng)
    expected = transcription(name)(*arguments)
    actual = numpy(operation(name)(*tensors(arguments)))
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_in_float64_equals_the_transcription_to_nine_digits(rng, name):
    arguments = ARGUMENTS[name](rng)
    expected = transcription(name)(*arguments)
    if keras.backend.backend() == "torch" and name in FLOAT32_ON_TORCH:
        pytest.skip("Keras' prod and matmul of float64 give float32 on PyTorch")
    with float64():
        actual = numpy(operation(name)(*(ops.convert_to_tensor(a, "float64") for a in arguments)))
    assert actual.dtype == "float64"
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_gradients_of_the_operation_equal_finite_differences(rng, name):
    arguments = ARGUMENTS[name](rng)
    mix = rng.normal(size=transcription(name)(*arguments).shape)
    expected = finite_differences(lambda *a: mix * transcription(name)(*a), arguments)
    (mix32,) = tensors([mix])
    actual = gradients(lambda *a: mix32 * operation(name)(*a), tensors(arguments))
    for g, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(g, e, atol=3e-4)


# Allocation


def allocate(usage):
    return numpy(dnc.allocation_weights(*tensors([[usage]])))[0]


def test_equally_used_slots_are_allocated_in_the_order_of_their_index():
    for usage in (0.0, 0.5):
        expected = oracle.allocation_weights(np.full(8, usage))
        assert (np.diff(expected) < 0).all()
        np.testing.assert_allclose(allocate(np.full(8, usage)), expected, rtol=1e-4, atol=1e-30)
    usage = np.array([0.7, 0.2, 0.7, 0.2, 0.7, 0.2])
    np.testing.assert_allclose(allocate(usage), oracle.allocation_weights(usage), rtol=1e-5)


def test_a_free_slot_is_allocated_before_all_others_and_none_where_all_are_full():
    usage = np.ones(6)
    np.testing.assert_allclose(allocate(usage), np.zeros(6), atol=1e-6)
    usage[4] = 0
    np.testing.assert_allclose(allocate(usage), np.eye(6)[4], atol=2e-6)


def test_what_is_written_in_full_is_used_and_what_is_read_and_freed_is_not(rng):
    usage, one_hot = positive(rng, N), np.eye(N)[[[2]] * B]
    used = numpy(dnc.update_usage(*tensors([usage, one_hot[:, 0], np.ones((B, N))])))
    np.testing.assert_array_equal(used[:, 2], 1)
    psi = dnc.retention(*tensors([np.ones((B, 1)), one_hot]))
    freed = numpy(dnc.update_usage(*tensors([used, np.zeros((B, N))]), psi))
    np.testing.assert_array_equal(freed, np.where(one_hot[:, 0] == 1, 0, used))


# Links


def test_writing_one_slot_after_the_other_gives_exact_links_that_reads_follow():
    order = [2, 0, 3, 1]
    states = tensors([np.zeros((1, N, N)), np.zeros((1, N))])
    for slot in order:
        (w,) = tensors([np.eye(N)[[slot]]])
        states = dnc.update_links(*states, w), dnc.update_precedence(states[1], w)
    expected = np.zeros((N, N))
    expected[order[1:], order[:-1]] = 1
    np.testing.assert_array_equal(numpy(states[0])[0], expected)
    np.testing.assert_array_equal(numpy(states[1])[0], np.eye(N)[1])
    reading = tensors([np.eye(N)[None, [0, 3]]])[0]
    forward, backward = numpy(dnc.follow_links(states[0], reading))
    np.testing.assert_array_equal(forward[0], np.eye(N)[[3, 1]])
    np.testing.assert_array_equal(backward[0], np.eye(N)[[2, 0]])


def test_sharpness_turns_blurred_links_into_nearly_one():
    weights, sharpness = np.array([[[0.5, 0.3, 0.2, 0, 0]]]), np.array([[20.0]])
    sharp = numpy(dnc.sharpen_links(*tensors([weights, sharpness])))
    np.testing.assert_allclose(sharp[0, 0], np.eye(5)[0], atol=1e-4)


# Masks


def test_a_mask_of_ones_changes_nothing_and_one_of_zeros_hides_the_difference(rng):
    memory, key, strength, mask = ARGUMENTS["masked_content_weights"](rng)
    whole = numpy(content_weights(*tensors([memory, key, strength])))
    ones = numpy(dnc.masked_content_weights(*tensors([memory, key, strength, np.ones_like(mask)])))
    np.testing.assert_allclose(ones, whole, atol=1e-6)
    mask[..., 2:] = 0
    before = numpy(dnc.masked_content_weights(*tensors([memory, key, strength, mask])))
    memory[..., 2:], key[..., 2:] = 7, -3
    after = numpy(dnc.masked_content_weights(*tensors([memory, key, strength, mask])))
    np.testing.assert_allclose(after, before, atol=1e-6)


# Edges

EDGES = {
    "retention": [np.ones((B, R)), np.eye(N)[np.zeros((B, R), int)]],
    "allocation_weights": [np.array([[0.0] * N, [1.0] * N])],
    "sharpen_links": [np.zeros((B, R, N)), np.full((B, R), 8.0)],
    "masked_content_weights": [
        np.zeros((B, N, M)), np.zeros((B, R, M)), np.full((B, R), 9.0), np.zeros((B, R, M))
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_operation_is_right_and_its_gradients_finite_at_the_edge(rng, name):
    expected = transcription(name)(*EDGES[name])
    actual = numpy(operation(name)(*tensors(EDGES[name])))
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    (mix,) = tensors([rng.normal(size=expected.shape)])
    for g in gradients(lambda *a: mix * operation(name)(*a), tensors(EDGES[name])):
        assert np.isfinite(g).all()
