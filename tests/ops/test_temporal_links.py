"""Temporal links and read modes of the DNC: against NumPy, by their invariants, at the edges."""

import dnc_oracle as oracle
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops
from oracle import softmax

from keras_s4ntm.ops import temporal_links

B, R, N = 2, 3, 5


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
    "update_links": lambda r: [links(r), weighting(r, N), weighting(r, N)],
    "update_precedence": lambda r: [weighting(r, N), weighting(r, N)],
    "follow_links": lambda r: [links(r), weighting(r, R, N)],
    "sharpen_links": lambda r: [weighting(r, R, N), 1 + 3 * positive(r, R)],
    "read_weights": lambda r: [
        weighting(r, R, N), weighting(r, R, N), weighting(r, R, N), distribution(r, R, 3)
    ],
}  # fmt: skip
EDGES = {"sharpen_links": [np.zeros((B, R, N)), np.full((B, R), 8.0)]}


def operation(name):
    """The operation; where it gives two results, both in one tensor."""
    function = getattr(temporal_links, name)
    return (lambda *a: ops.stack(function(*a), axis=1)) if name == "follow_links" else function


@pytest.fixture
def named(equation):
    return lambda name: equation(operation(name), getattr(oracle, name))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_equals_the_transcription_of_its_equation(rng, named, name):
    named(name).check_values(ARGUMENTS[name](rng))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_operation_in_float64_equals_the_transcription_to_nine_digits(rng, named, name):
    named(name).check_float64(ARGUMENTS[name](rng), float32_on_torch=name == "follow_links")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_gradients_of_the_operation_equal_finite_differences(rng, named, name):
    named(name).check_gradients(ARGUMENTS[name](rng))


@pytest.mark.parametrize("name", EDGES)
def test_operation_is_right_and_its_gradients_finite_at_the_edge(named, name):
    named(name).check_edge(EDGES[name])


def test_writing_one_slot_after_the_other_gives_exact_links_that_reads_follow():
    order = [2, 0, 3, 1]
    states = tensors([np.zeros((1, N, N)), np.zeros((1, N))])
    for slot in order:
        (w,) = tensors([np.eye(N)[[slot]]])
        states = (
            temporal_links.update_links(*states, w),
            temporal_links.update_precedence(states[1], w),
        )
    expected = np.zeros((N, N))
    expected[order[1:], order[:-1]] = 1
    np.testing.assert_array_equal(numpy(states[0])[0], expected)
    np.testing.assert_array_equal(numpy(states[1])[0], np.eye(N)[1])
    reading = tensors([np.eye(N)[None, [0, 3]]])[0]
    forward, backward = numpy(temporal_links.follow_links(states[0], reading))
    np.testing.assert_array_equal(forward[0], np.eye(N)[[3, 1]])
    np.testing.assert_array_equal(backward[0], np.eye(N)[[2, 0]])


def test_sharpness_turns_blurred_links_into_nearly_one():
    weights, sharpness = np.array([[[0.5, 0.3, 0.2, 0, 0]]]), np.array([[20.0]])
    sharp = numpy(temporal_links.sharpen_links(*tensors([weights, sharpness])))
    np.testing.assert_allclose(sharp[0, 0], np.eye(5)[0], atol=1e-4)
