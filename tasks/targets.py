"""What the targets of a user's own sequences are: `targets_of`. See `docs/own-data.md`.

    each sequence   integers, texts, true and false    classes
    each time step  integers or texts, one number      tokens: the class of a time step
                    true and false; 0 and 1 in columns bits
                    floating point numbers             values

Shapes: n sequences, `total` time steps of all.
"""

from dataclasses import dataclass

import numpy as np

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks.arrays import NUMBERS, check_finite

AUTO = "auto"
KINDS = (AUTO, "classes", "tokens", "bits", "values")


@dataclass(frozen=True)
class Targets:
    """Targets as a network learns them.

    Args:
        kind: one of `KINDS` but `"auto"`.
        array: classes `(n,)` or tokens `(total,)` int32, bits or values `(total, size)` float32.
        size: numbers that a network gives: classes, bits or values.
        names: of classes and tokens, a list of texts; else `None`.
    """

    kind: str
    array: np.ndarray
    size: int
    names: list | None = None


def targets_of(sequences, kind=AUTO, names=None):
    """The `Targets` of `Sequences`.

    Args:
        sequences: what `arrays.read` returned.
        kind: what they are; `"auto"`: what their shape and type say, see the head of this file.
        names: of the classes, where they are known; default: those of the file, else the different
            targets in their order.

    Raises:
        DataError: there are none, or they are not of this kind.
    """
    targets, path = sequences.targets, sequences.path
    if targets is None:
        raise DataError(f"{path} has no array `targets`.")
    kind = likely_kind(sequences) if kind == AUTO else kind
    about = f"{path}: targets, of {'time steps' if sequences.per_step else 'sequences'} and type "
    about += f"{targets.dtype}"
    if sequences.per_step == (kind == "classes"):
        raise DataError(f"{about}, cannot be {kind}: they are of each {wanted(kind)}.")
    if targets.dtype.kind == "f":
        flat = targets if sequences.per_step else None
        if flat is not None:
            check_finite(sequences, "targets", flat)
        elif not np.isfinite(targets).all():
            raise DataError(f"{path}: targets[{np.argmin(np.isfinite(targets))}] is no number.")
    if kind in ("classes", "tokens"):
        return classes_of(sequences, kind, about, names or sequences.class_names)
    if targets.dtype.kind not in NUMBERS:
        raise DataError(f"{about}, cannot be {kind}, which are numbers.")
    array = targets.reshape(len(targets), -1).astype("float32")
    if kind == "bits" and not np.isin(array, (0, 1)).all():
        step = int(np.argwhere(~np.isin(array, (0, 1)))[0][0])
        raise DataError(
            f"{about}, cannot be bits: at {sequences.place(step)} they are "
            f"{targets[step].tolist()}, not 0 or 1. Store values as floating point numbers."
        )
    return Targets(kind, array, array.shape[1])


def wanted(kind):
    """What has targets of a kind."""
    return "sequence, (sequences,)" if kind == "classes" else "time step"


def likely_kind(sequences):
    """What the shape and the type of the targets say."""
    letter = sequences.targets.dtype.kind
    if not sequences.per_step:
        if letter == "f":
            raise DataError(
                f"{sequences.path}: targets are floating point numbers, one for each sequence. "
                "Store classes as integers or texts, or say -p targets=classes; real values can "
                "be learned for each time step, targets of shape (sequences, time steps, numbers)."
            )
        return "classes"
    if letter == "f":
        return "values"
    return "tokens" if letter != "b" and sequences.targets.ndim == 1 else "bits"


def classes_of(sequences, kind, about, names):
    """Classes and tokens by their names: a number is the place of a name, a text is a name."""
    targets, path = sequences.targets, sequences.path
    if targets.ndim != 1:
        raise DataError(f"{about}, have shape {targets.shape[1:]} each; a class is one number.")
    if targets.dtype.kind == "f" and (targets == np.round(targets)).all():
        targets = targets.astype("int64")
    if targets.dtype.kind not in "biuU":
        raise DataError(f"{about}, cannot be {kind}: a class is an integer or a text.")
    if sequences.class_names and targets.dtype.kind != "U":
        known = sequences.class_names
        worst = int(np.argmax(np.abs(targets - (len(known) - 1) / 2)))
        if not 0 <= targets[worst] < len(known):
            raise DataError(
                f"{path}: targets has the class {targets[worst]}, and class_names has shape "
                f"({len(known)},): the classes are 0 to {len(known) - 1}."
            )
        targets = np.array(known)[targets.astype("int64")]
    different = np.unique(targets)
    names = names or [str(value) for value in different.tolist()]
    numbers = {name: number for number, name in enumerate(names)}
    for value in different.tolist():
        if str(value) not in numbers:
            raise DataError(
                f"{path}: targets has the class {str(value)!r}, which is none of the "
                f"{len(names)} known: {', '.join(names)}."
            )
    if len(names) < 2:
        raise DataError(f"{path}: all targets are {names[0]}; there is nothing to tell apart.")
    values, places = np.unique(targets, return_inverse=True)
    array = np.array([numbers[str(value)] for value in values.tolist()], "int32")[places]
    return Targets(kind, array, len(names), list(names))
