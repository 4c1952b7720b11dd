"""Checks of constructor arguments: one clear sentence where a value cannot be meant."""

import math


def check_positive_int(name, value, alternative=""):
    """`value` as an `int`, or a `ValueError` that names the argument and any `alternative`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"{name} must be a positive integer{alternative}, got {value!r}.")
    return int(value)


def check_positive(name, value):
    """`value`, or a `ValueError` unless it is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number, got {value!r}.")
    return value


def check_not_negative(name, value):
    """`value`, or a `ValueError` unless it is a finite number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number from 0 on, got {value!r}.")
    return value


def check_finite(name, value):
    """`value`, a number or a list of them, or a `ValueError` unless all are finite numbers."""
    for number in value if isinstance(value, list | tuple) and value else [value]:
        if (
            isinstance(number, bool)
            or not isinstance(number, int | float)
            or not math.isfinite(number)
        ):
            raise ValueError(f"{name} must be a finite number, got {value!r}.")
    return value


def check_choice(name, value, choices):
    """`value`, or a `ValueError` that lists what is accepted."""
    if value not in choices:
        accepted = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {accepted}, got {value!r}.")
    return value


def check_shift_range(shift_range, memory_size):
    """`shift_range` as an `int`; a ring of N slots has at most N different displacements."""
    shift_range = check_positive_int("shift_range", shift_range)
    if 2 * shift_range + 1 > memory_size:
        raise ValueError(
            f"shift_range={shift_range} shifts over {2 * shift_range + 1} slots, but the memory "
            f"has memory_size={memory_size}. Use a shift_range of at most "
            f"{(memory_size - 1) // 2} or a larger memory."
        )
    return shift_range


def check_sparse_links(sparse_links, memory_size):
    """`sparse_links` as an `int`; a slot has at most N links."""
    sparse_links = check_positive_int("sparse_links", sparse_links, " or None")
    if sparse_links > memory_size:
        raise ValueError(f"sparse_links={sparse_links} is larger than memory_size={memory_size}.")
    return sparse_links


# Up to where numbers of lower precision hold every integer.
EXACT_INTEGERS = {"bfloat16": 2**8, "float16": 2**11}


def check_slot_numbers(memory_size, dtype):
    """With sparse links the states must be able to number the slots that links come from."""
    exact = EXACT_INTEGERS.get(dtype, memory_size)
    if memory_size > exact:
        raise ValueError(
            f"With sparse_links {dtype} can count {exact} slots, and memory_size={memory_size}. "
            "Use float32 for this layer, or leave sparse_links out."
        )
