"""Sequences taken apart into every d-th step, and put together again."""

import numpy as np
import pytest
from helpers import numpy
from keras import ops

from keras_s4ntm.ops.interleaving import deinterleaved, interleaved, oldest_first


@pytest.mark.parametrize(("dilation", "length"), [(3, 7), (3, 6), (1, 4), (5, 2)])
def test_each_part_has_every_dth_step_and_together_they_are_the_sequence(dilation, length):
    x = 1 + np.arange(2 * length * 3, dtype="float32").reshape(2, length, 3)
    parts = interleaved(ops.convert_to_tensor(x), dilation)
    assert tuple(parts.shape) == (2 * dilation, -(-length // dilation), 3)
    for i, part in enumerate(numpy(parts)):
        own = x[i // dilation, i % dilation :: dilation]
        np.testing.assert_array_equal(part[: len(own)], own)
        np.testing.assert_array_equal(part[len(own) :], 0)
    np.testing.assert_array_equal(numpy(deinterleaved(parts, dilation, length)), x)
    mask = interleaved(ops.ones((2, length), "bool"), dilation)
    np.testing.assert_array_equal(numpy(mask), (numpy(parts) > 0).all(-1))


@pytest.mark.parametrize("length", [0, 2, 6, 7])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_state_that_is_needed_next_comes_first(length, is_known):
    states = ops.convert_to_tensor(np.arange(3.0).reshape(1, 3, 1))
    given = length if is_known else ops.convert_to_tensor(length, "int32")
    expected = [(j + length) % 3 for j in range(3)]
    np.testing.assert_array_equal(numpy(oldest_first(states, given))[0, :, 0], expected)
