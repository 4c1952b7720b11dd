"""What float16 cannot hold. It ends at 65,504; bfloat16 has the range of float32.

Products and sums that may leave that range are done in float32: `saturated(f(widened(x)), dtype)`
is finite for every finite x. In other dtypes both functions leave all numbers as they are.
"""

import keras
from keras import ops

LARGEST_FLOAT16 = 65504.0


def widened(x):
    """`x` in float32 where it is float16."""
    is_float16 = keras.backend.standardize_dtype(x.dtype) == "float16"
    return ops.cast(x, "float32") if is_float16 else x


def saturated(x, dtype):
    """`x` in `dtype`; what is beyond the range of float16 becomes its largest number."""
    if keras.backend.standardize_dtype(dtype) == "float16":
        x = ops.clip(x, -LARGEST_FLOAT16, LARGEST_FLOAT16)
    return ops.cast(x, dtype)
