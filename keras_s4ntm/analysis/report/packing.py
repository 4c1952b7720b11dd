"""Arrays as short text that JavaScript unpacks, exact to the digits that it shows.

A number becomes a whole number of units of its last digit, which fits into 16 bits. Then comes what
changes from one time step to the next, which is little where a memory rests, compressed.
"""

import base64
import zlib

import numpy as np

DIGITS = 4  # after the decimal point, at most
LARGEST = 2**15 - 1
NOT_FINITE = -(2**15)


def pack(array):
    """An array as a dictionary that fits into JSON.

    Args:
        array: numbers or truth values of any shape, at least one axis: the time steps come first.

    Returns:
        `shape`; `digits`, how many digits after the decimal point are kept, fewer than zero where
        numbers are large; `data`, text, see above.
    """
    array = np.asarray(array, "float64")
    finite = np.isfinite(array)
    digits = digits_of(np.abs(array[finite]).max(initial=0))
    units = np.where(finite, np.round(np.where(finite, array, 0) * 10.0**digits), NOT_FINITE)
    changes = np.diff(units.astype("int16"), axis=0, prepend=np.int16(0))  # may wrap, and back
    data = base64.b64encode(zlib.compress(changes.astype("<i2").tobytes(), 9))
    return {"shape": list(array.shape), "digits": digits, "data": data.decode("ascii")}


def digits_of(largest):
    """How many digits after the decimal point fit into 16 bits, if numbers are up to `largest`."""
    digits = DIGITS
    while largest * 10.0**digits > LARGEST:
        digits -= 1
    return digits


def unpack(packed):
    """The array that `pack` took, rounded. As `page/arrays.js` does it."""
    data = zlib.decompress(base64.b64decode(packed["data"]))
    changes = np.frombuffer(data, "<i2").reshape(packed["shape"])
    units = np.cumsum(changes, axis=0, dtype="int16")
    return np.where(units == NOT_FINITE, np.nan, units / 10.0 ** packed["digits"])
