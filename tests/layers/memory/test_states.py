"""States flat and with their shapes."""

import numpy as np
from helpers import numpy
from keras import ops

from keras_s4ntm.layers.memory.states import flattened, shaped, sizes_of, where

SHAPES = [(4,), (2, 3), (2, 3, 1)]


def test_shaped_states_become_the_flat_ones_again():
    states = [ops.reshape(ops.arange(2 * size), (2, size)) for size in sizes_of(SHAPES)]
    with_shapes = shaped(states, SHAPES)
    assert [tuple(state.shape) for state in with_shapes] == [(2, *shape) for shape in SHAPES]
    for state, again in zip(states, flattened(with_shapes), strict=True):
        np.testing.assert_array_equal(numpy(again), numpy(state))


def test_where_takes_whole_states_sequence_by_sequence():
    mask = ops.convert_to_tensor([[True], [False]])
    for shape in SHAPES:
        state = numpy(where(mask, ops.ones((2, *shape)), ops.zeros((2, *shape))))
        assert state[0].min() == 1
        assert state[1].max() == 0
