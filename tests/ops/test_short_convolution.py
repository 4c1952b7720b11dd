"""The convolution over a few steps, against the sum."""

import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.ops.short_convolution import short_convolution


@pytest.mark.parametrize("size", [1, 4])
def test_it_is_the_sum_over_the_last_steps_and_goes_on_with_what_came_before(rng, size):
    inputs, kernel = rng.normal(size=(2, 7, 3)), rng.normal(size=(size, 3))
    before = rng.normal(size=(2, size - 1, 3))
    everything = np.concatenate([before, inputs], axis=1)
    expected = [sum(kernel[j] * everything[:, t + j] for j in range(size)) for t in range(7)]
    expected = np.stack(expected, axis=1)

    whole, last = (numpy(x) for x in short_convolution(*tensors([inputs, kernel, before])))
    np.testing.assert_allclose(whole, expected, atol=1e-5)
    np.testing.assert_allclose(last, everything[:, 7:], rtol=1e-6)
    first, between = short_convolution(*tensors([inputs[:, :2], kernel, before]))
    second, end = short_convolution(*tensors([inputs[:, 2:], kernel, numpy(between)]))
    np.testing.assert_allclose(np.concatenate([numpy(first), numpy(second)], 1), whole, atol=1e-6)
    np.testing.assert_allclose(numpy(end), last, rtol=1e-6)
