"""Reading and writing against a plain NumPy transcription."""

import numpy as np
import oracle
import pytest
from helpers import finite_differences, gradients, numpy, tensors

from keras_s4ntm import ops

B, N, M = 2, 6, 4


def random_write(rng, heads):
    return [
        rng.normal(size=(B, N, M)),
        oracle.softmax(rng.normal(size=(B, heads, N))),
        rng.uniform(0, 1, (B, heads, M)),
        rng.normal(size=(B, heads, M)),
    ]


def test_read_equals_equation_2(rng):
    memory, weights, *_ = random_write(rng, 3)
    actual = ops.read(*tensors([memory, weights]))
    np.testing.assert_allclose(numpy(actual), oracle.read(memory, weights), atol=1e-6)


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_write_equals_equations_3_and_4(rng, heads):
    arguments = random_write(rng, heads)
    actual = ops.write(*tensors(arguments))
    np.testing.assert_allclose(numpy(actual), oracle.write(*arguments), atol=1e-6)


def test_write_does_not_depend_on_the_order_of_the_heads(rng):
    memory, *rest = random_write(rng, 3)
    backwards = [np.ascontiguousarray(a[:, ::-1]) for a in rest]
    forward, backward = (numpy(ops.write(*tensors([memory, *r]))) for r in (rest, backwards))
    np.testing.assert_allclose(forward, backward, atol=1e-6)


def test_full_erase_and_add_replaces_the_slot_and_leaves_the_others(rng):
    memory, _, _, add = random_write(rng, 1)
    weights = np.eye(N)[None, None, 2].repeat(B, 0)
    written = numpy(ops.write(*tensors([memory, weights, np.ones((B, 1, M)), add])))
    np.testing.assert_allclose(written[:, 2], add[:, 0], atol=1e-6)
    np.testing.assert_array_equal(
        np.delete(written, 2, 1), np.delete(memory.astype("float32"), 2, 1)
    )
    np.testing.assert_allclose(numpy(ops.read(*tensors([written, weights]))), add, atol=1e-6)


def test_gradients_of_write_and_read_equal_finite_differences(rng):
    arguments = random_write(rng, 2)
    expected = finite_differences(
        lambda m, w, e, a: oracle.read(oracle.write(m, w, e, a), w) ** 2, arguments
    )
    actual = gradients(
        lambda m, w, e, a: ops.read(ops.write(m, w, e, a), w) ** 2, tensors(arguments)
    )
    for g, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(g, e, atol=1e-4)
