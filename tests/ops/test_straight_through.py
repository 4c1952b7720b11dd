"""Decisions and their gradients."""

import numpy as np
import pytest
from helpers import gradients, numpy, tensors

from keras_s4ntm.ops.routes import choose_route
from keras_s4ntm.ops.straight_through import binarize, choose_largest


def test_a_number_is_0_or_1_exactly_with_the_gradient_of_the_number():
    x = np.array([[0.0, 0.3, 0.5, 0.500001, 0.7, 1.0]])
    np.testing.assert_array_equal(numpy(binarize(*tensors([x]))), [[0, 0, 0, 1, 1, 1]])
    (gradient,) = gradients(lambda x: 3.0 * binarize(x), tensors([x]))
    np.testing.assert_array_equal(gradient, np.full_like(x, 3.0))


def test_the_largest_is_1_exactly_those_that_are_equal_share_it(rng):
    x = np.array([[0.1, 0.7, 0.2], [0.4, 0.2, 0.4]])
    expected = [[0, 1, 0], [0.5, 0, 0.5]]
    np.testing.assert_array_equal(numpy(choose_largest(*tensors([x]))), expected)
    mix = rng.normal(size=x.shape)
    factor, values = tensors([mix, x])
    (gradient,) = gradients(lambda x: factor * choose_largest(x), [values])
    np.testing.assert_allclose(gradient, mix, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e4], ids=["usual", "far out"])
def test_the_choice_of_a_route_has_the_gradient_of_the_softmax(scale, rng):
    logits, mix = scale * rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    a = np.exp(logits - logits.max(-1, keepdims=True))
    a /= a.sum(-1, keepdims=True)
    factor, values = tensors([mix, logits])
    np.testing.assert_array_equal(numpy(choose_route(values)), np.eye(4)[logits.argmax(-1)])
    (gradient,) = gradients(lambda x: factor * choose_route(x), [values])
    expected = a * (mix - (a * mix).sum(-1, keepdims=True))
    np.testing.assert_allclose(gradient, expected, atol=1e-6)
