"""Dynamic memory allocation of the DNC: against NumPy, by its invariants, at the edges."""

import dnc_oracle as oracle
import numpy as np
import pytest
from helpers import numpy, tensors
from oracle import softmax

from keras_s4ntm.ops import allocation

B, R, N = 2, 3, 5


def positive(rng, *shape):
    return rng.uniform(0, 1, (B, *shape))


def weighting(rng, *shape):
    """Weights over the slots that sum to less than one."""
    return 0.9 * softmax(rng.normal(size=(B, *shape)))


ARGUMENTS = {
    "retention": lambda r: [positive(r, R), weighting(r, R, N)],
    "update_usage": lambda r: [positive(r, N), weighting(r, N), positive(r, N)],
    "allocation_weights": lambda r: [positive(r, N)],
    "write_weights": lambda r: [
        weighting(r, N), weighting(r, N), positive(r, 1), positive(r, 1)
    ],
}  # fmt: skip
EDGES = {
    "retention": [np.ones((B, R)), np.eye(N)[np.zeros((B, R), int)]],
    "allocation_weights": [np.array([[0.0] * N, [1.0] * N])],
}


@pytest.fixture
def named(equation):
    return lambda name: equation(getattr(allocation, name), getattr(oracle, name))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_equals_the_transcription_of_its_equation(rng, named, name):
    named(name).check_values(ARGUMENTS[name](rng))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_in_float64_equals_the_transcription_to_nine_digits(rng, named, name):
    named(name).check_float64(ARGUMENTS[name](rng), float32_on_torch=name == "retention")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_gradients_of_the_operation_equal_finite_differences(rng, named, name):
    named(name).check_gradients(ARGUMENTS[name](rng))


@pytest.mark.parametrize("name", EDGES)
def test_operation_is_right_and_its_gradients_finite_at_the_edge(named, name):
    named(name).check_edge(EDGES[name])


def allocate(usage):
    return numpy(allocation.allocation_weights(*tensors([[usage]])))[0]


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
    used = numpy(allocation.update_usage(*tensors([usage, one_hot[:, 0], np.ones((B, N))])))
    np.testing.assert_array_equal(used[:, 2], 1)
    psi = allocation.retention(*tensors([np.ones((B, 1)), one_hot]))
    freed = numpy(allocation.update_usage(*tensors([used, np.zeros((B, N))]), psi))
    np.testing.assert_array_equal(freed, np.where(one_hot[:, 0] == 1, 0, used))
