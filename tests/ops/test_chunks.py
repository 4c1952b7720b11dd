"""Sequences in chunks."""

import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.ops.chunks import chunk_length, in_chunks, joined


@pytest.mark.parametrize(
    ("length", "longest", "expected"),
    [(1, 64, None), (64, 64, None), (65, 64, 33), (784, 64, 61), (6, 3, 3), ("unknown", 64, 64)],
)
def test_chunks_are_few_and_even(length, longest, expected):
    assert chunk_length(length, longest) == expected


def test_a_sequence_in_chunks_has_zeros_at_its_end_and_is_joined_again(rng):
    (x,) = tensors([rng.normal(size=(2, 7, 3))])
    chunks = numpy(in_chunks(x, 3))
    assert chunks.shape == (2, 3, 3, 3)
    assert (chunks[:, 2, 1:] == 0).all()
    np.testing.assert_array_equal(chunks[:, 1, 0], numpy(x)[:, 3])
    np.testing.assert_array_equal(numpy(joined(in_chunks(x, 3), 7)), numpy(x))
