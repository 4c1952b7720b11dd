"""What float16 cannot hold is done in float32, and ends at the largest number of float16."""

import keras
import numpy as np
import pytest
from helpers import numpy
from keras import ops

from keras_s4ntm.ops.half_precision import saturated, widened


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [("float16", "float32"), ("bfloat16", "bfloat16"), ("float32", "float32")],
)
def test_only_float16_is_widened(dtype, wide):
    x = ops.convert_to_tensor([0.5, -2.0], dtype=dtype)
    assert keras.backend.standardize_dtype(widened(x).dtype) == wide
    np.testing.assert_array_equal(numpy(widened(x)).astype("float32"), [0.5, -2.0])


def test_only_float16_is_saturated():
    x = ops.convert_to_tensor([1e5, -1e5, 65504.0, 1.5])
    half = saturated(x, "float16")
    assert keras.backend.standardize_dtype(half.dtype) == "float16"
    np.testing.assert_array_equal(numpy(half), np.array([65504, -65504, 65504, 1.5], "float16"))
    np.testing.assert_array_equal(numpy(saturated(x, "float32")), numpy(x))
    bfloat16 = numpy(ops.cast(saturated(x, "bfloat16"), "float32"))
    np.testing.assert_allclose(bfloat16, numpy(x), rtol=1e-2)
