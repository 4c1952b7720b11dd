"""A user's own sequences: the arrays of a file, checked, and put one after the other.

    inputs       (n, T, channels), padded; or all time steps one after the other, (total, channels)
    lengths      (n,), how many time steps each sequence has; may be left out where all have T
    targets      (n, ...) or (total, ...), see `targets_of`; predictions need none
    class_names  (classes,), texts
    split        (n,), "train", "validation" and "test", or 0, 1 and 2
    ids          (n,), what predictions are called by; default: 0, 1, 2, ...

Shapes: n sequences, T time steps of the longest, `total` time steps of all.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks.base import SPLITS

KNOWN = ("inputs", "lengths", "targets", "class_names", "split", "ids")
NUMBERS = "biuf"  # kinds of arrays that are numbers


@dataclass(frozen=True)
class Sequences:
    """What a file holds, checked but for the targets.

    Args:
        path: of the file, for messages.
        inputs: `(total, channels)` float32.
        lengths: `(n,)` integers.
        targets: as the file has them, those of time steps `(total, ...)`; `None`: it has none.
        per_step: whether the targets are those of time steps.
        class_names: a list, or `None`.
        split: `(n,)` numbers of `SPLITS`, or `None`.
        ids: `(n,)`, numbers or texts.
    """

    path: str
    inputs: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray | None
    per_step: bool
    class_names: list | None
    split: np.ndarray | None
    ids: np.ndarray

    def __len__(self):
        return len(self.lengths)

    def padded(self, array, rows, time, padding):
        """The time steps `(total, ...)` of some sequences: `(rows, time, ...)`."""
        steps = np.arange(time)
        there = steps < self.lengths[rows, None]
        first = np.cumsum(self.lengths)[rows] - self.lengths[rows]
        found = np.full((len(rows), time, *array.shape[1:]), padding, array.dtype)
        found[there] = array[(first[:, None] + steps)[there]]
        return found

    def mask(self, rows, time):
        """`(rows, time)` float32, 1 at the time steps that there are."""
        return (np.arange(time) < self.lengths[rows, None]).astype("float32")

    def place(self, step):
        """`sequence 3, time step 5` of a row of all time steps."""
        ends = np.cumsum(self.lengths)
        sequence = int(np.searchsorted(ends, step, side="right"))
        return f"sequence {sequence}, time step {step - ends[sequence] + self.lengths[sequence]}"


def read(path):
    """The `Sequences` of an `.npz` or `.ts` file.

    Raises:
        DataError: it is not there, is no such file, or an array is not what it has to be.
    """
    if not Path(path).is_file():
        raise DataError(f"There is no file {path}.")
    if str(path).endswith(".ts"):
        from keras_s4ntm.tasks.ts_files import read_ts

        return sequences_of(str(path), read_ts(path))
    return sequences_of(str(path), read_npz(path))


def checksum(path):
    """The SHA-256 of a file; of a `.ts` file with its other half."""
    from keras_s4ntm.tasks.ts_files import halves

    paths = halves(path).values() if str(path).endswith(".ts") else [path]
    return hashlib.sha256(b"".join(Path(one).read_bytes() for one in paths)).hexdigest()


def read_npz(path):
    """`{name: array}` of an `.npz` file. Nothing in it is executed."""
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} cannot be read as .npz: it is none. `np.savez` writes such files.")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in KNOWN if name in file.files}
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise DataError(f"{path} cannot be read as .npz: {error}") from error
        raise DataError(
            f"{path} holds Python objects, which are never unpickled. Store numbers, texts as "
            "np.array([...], 'U'), and sequences of different lengths padded or one after the "
            "other, with `lengths`."
        ) from error
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path} cannot be read as .npz: {error}.") from error


def sequences_of(path, arrays):
    """The `Sequences` of arrays `{name: array}`; see the head of this file.

    Raises:
        DataError: an array is missing, or is not what it has to be.
    """

    def refuse(name, expected):
        raise DataError(f"{path}: {name} has shape {arrays[name].shape}; expected {expected}.")

    if "inputs" not in arrays:
        raise DataError(
            f"{path} has no array `inputs`, of shape (sequences, time steps, channels)."
        )
    inputs, lengths = arrays["inputs"], arrays.get("lengths")
    check_numbers(path, "inputs", inputs)
    if inputs.ndim not in (2, 3) or 0 in inputs.shape:
        refuse("inputs", "(sequences, time steps, channels), none of them 0")
    is_padded = inputs.ndim == 3
    if lengths is None:
        if not is_padded:
            refuse(
                "inputs",
                "(sequences, time steps, channels), with a last axis of 1 for one channel; or "
                "(all time steps, channels) with an array `lengths`",
            )
        lengths = np.full(len(inputs), inputs.shape[1])
    lengths = check_lengths(path, lengths, inputs)
    count = len(lengths)
    there = np.arange(inputs.shape[1]) < lengths[:, None] if is_padded else ...
    flat = inputs[there]
    targets, per_step = arrays.get("targets"), False
    if targets is not None and targets.shape != (count,):
        per_step, steps = True, inputs.shape[: 1 + is_padded]
        if targets.shape[: len(steps)] != steps or targets.ndim > len(steps) + 1:
            shape = ", ".join(map(str, steps))
            refuse(
                "targets",
                f"({count},), a class for each sequence, or ({shape}) or ({shape}, numbers), of "
                "each time step",
            )
        targets = targets[there]
    for name in ("split", "ids"):
        if name in arrays and arrays[name].shape != (count,):
            refuse(name, f"({count},), one for each of the sequences")
    names = arrays.get("class_names")
    if names is not None and (names.ndim != 1 or names.dtype.kind != "U"):
        raise DataError(
            f"{path}: class_names has shape {names.shape} and type {names.dtype}; expected texts, "
            "(classes,)."
        )
    split = check_split(path, arrays["split"]) if "split" in arrays else None
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        flat = flat.astype("float32")
    found = Sequences(
        path,
        flat,
        lengths,
        targets,
        per_step,
        None if names is None else names.tolist(),
        split,
        arrays.get("ids", np.arange(count)),
    )
    check_finite(found, "inputs", found.inputs)
    return found


def check_numbers(path, name, array):
    """Refuses what are no real numbers."""
    if array.dtype.kind not in NUMBERS:
        raise DataError(f"{path}: {name} has type {array.dtype}; expected real numbers.")


def check_lengths(path, lengths, inputs):
    """`lengths` as integers that fit to the inputs."""
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or not len(lengths):
        raise DataError(
            f"{path}: lengths has shape {lengths.shape} and type {lengths.dtype}; expected "
            "integers, (sequences,)."
        )
    lengths = lengths.astype("int64")
    if lengths.min() < 1:
        raise DataError(
            f"{path}: lengths[{lengths.argmin()}] is {lengths.min()}; every sequence has a time "
            "step at least."
        )
    if inputs.ndim == 2 and lengths.sum() != len(inputs):
        raise DataError(
            f"{path}: inputs has shape {inputs.shape}, and lengths sums to {lengths.sum()}; "
            f"expected {len(inputs)}, all time steps one after the other."
        )
    if inputs.ndim == 3 and len(lengths) != len(inputs):
        raise DataError(
            f"{path}: lengths has shape {lengths.shape}; expected ({len(inputs)},), one for each "
            f"sequence of inputs, whose shape is {inputs.shape}."
        )
    if inputs.ndim == 3 and lengths.max() > inputs.shape[1]:
        raise DataError(
            f"{path}: lengths[{lengths.argmax()}] is {lengths.max()}; inputs has shape "
            f"{inputs.shape}, so that no sequence is longer than {inputs.shape[1]}."
        )
    return lengths


def check_split(path, split):
    """`split` as numbers of `SPLITS`."""
    numbers = {**{name: i for i, name in enumerate(SPLITS)}, **{str(i): i for i in range(3)}}
    values = [str(value) for value in split.tolist()]
    for i, value in enumerate(values):
        if value not in numbers:
            raise DataError(
                f"{path}: split[{i}] is {value!r}; expected {', '.join(map(repr, SPLITS))}, or 0, "
                "1 and 2 for these."
            )
    split = np.array([numbers[value] for value in values])
    if 0 not in split:
        raise DataError(f"{path}: split has no {SPLITS[0]!r}: nothing could be learned from.")
    return split


def check_finite(sequences, name, array):
    """Refuses an array `(total, ...)` with something that is no finite number, with its place."""
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        step, *rest = wrong[0].tolist()
        channel = f", channel {rest[0]}" if rest else ""
        more = f" and at {len(wrong) - 1} other places" if len(wrong) > 1 else ""
        raise DataError(
            f"{sequences.path}: {name} is {array[tuple(wrong[0])]} at {sequences.place(step)}"
            f"{channel}{more}. Fill it in, or leave the sequence out; where it is padding, say "
            "with `lengths` where sequences end."
        )
