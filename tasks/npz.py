"""A user's own sequences, from an `.npz` or a `.ts` file. See `docs/own-data.md`.

The arrays are those of `arrays.py`; what the targets are is said in `targets.py`.
"""

import dataclasses
import functools
import math
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_s4ntm.errors import DataError, S4NTMWarning
from keras_s4ntm.tasks.arrays import checksum, read
from keras_s4ntm.tasks.base import SPLITS, Batch, Task, order_of_pass
from keras_s4ntm.tasks.targets import AUTO, KINDS, targets_of


@dataclass(frozen=True)
class Facts:
    """What a run notes of its data.

    Args:
        sha256: of the file.
        kind: the kind of targets.
        output_size: numbers that a network gives.
        mean, variance: of the channels of the training sequences; 0 and 1 without standardization.
        padded: whether its sequences have different lengths.
        class_names: a list, or `None`.
    """

    sha256: str
    kind: str
    output_size: int
    mean: list
    variance: list
    padded: bool
    class_names: list | None

    def __post_init__(self):
        numbers = [*self.mean, *self.variance]
        good = (
            isinstance(self.sha256, str)
            and self.kind in KINDS[1:]
            and type(self.output_size) is int
            and self.output_size > 0
            and all(isinstance(x, float) and math.isfinite(x) for x in numbers)
            and len(self.mean) == len(self.variance) > 0
            and min(self.variance) > 0
            and isinstance(self.padded, bool)
        )
        names = self.class_names
        if names is not None:
            good = good and len(names) == self.output_size
            good = good and all(isinstance(name, str) for name in names)
        if not good:
            raise ValueError("what is noted of its data cannot be meant.")


@dataclass(frozen=True)
class NPZ(Task):
    """A user's own sequences.

    Sequences of one batch are padded to the length of the longest of the file: there the inputs
    are not a number, which tells the model where they end, and nothing is scored.

    Args:
        data: the file, `.npz` or `.ts`.
        targets: what the targets are: `"classes"` of sequences, `"tokens"` (the class of a time
            step), `"bits"` or `"values"` of time steps; `"auto"`: what their shape and type say.
        standardize: whether the channels are brought to mean 0 and variance 1, those of the
            training sequences; the model does it, so that what is exported does it too.
        validation_share: the share of the training sequences that is set apart for validation,
            where the file does not say which.
        test_share: the share of all sequences that is set apart for the test, likewise.
        split_seed: of what is set apart; of each class alike.
    """

    data: str = ""
    targets: str = AUTO
    standardize: bool = True
    validation_share: float = 0.15
    test_share: float = 0.2
    split_seed: int = 0

    name = "npz"
    summary = "Learn from your own sequences in an .npz or .ts file (docs/own-data.md)."

    def __post_init__(self):
        if self.data:  # a run finds it from everywhere
            object.__setattr__(self, "data", os.path.abspath(self.data))
        if self.targets not in KINDS:
            raise ValueError(f"targets must be one of {', '.join(KINDS)}, got {self.targets!r}.")
        for field in ("validation_share", "test_share"):
            if not 0 < getattr(self, field) < 1:
                raise ValueError(
                    f"{field} must be between 0 and 1, without both, got {getattr(self, field)}."
                )
        self.check_at_least(0, "split_seed")

    # What is noted, and what follows from it

    @functools.cached_property
    def facts(self):
        """The `Facts` of the data."""
        sequences, targets = self.sequences, targets_of(self.sequences, self.targets)
        rows = self.rows_of(sequences, targets)["train"]
        mean, variance = np.zeros(sequences.inputs.shape[1]), np.ones(sequences.inputs.shape[1])
        if self.standardize:
            steps = np.repeat(np.isin(np.arange(len(sequences)), rows), sequences.lengths)
            inputs = sequences.inputs[steps].astype("float64")
            mean, variance = inputs.mean(axis=0), inputs.var(axis=0)
            variance = np.where(variance > 0, variance, 1.0)  # a channel that never changes
        return Facts(
            checksum(self.data),
            targets.kind,
            targets.size,
            mean.tolist(),
            variance.tolist(),
            bool(np.ptp(sequences.lengths) > 0),
            targets.names,
        )

    def noted(self):
        if not self.data:
            return {}
        if not Path(self.data).is_file():
            raise ValueError(f"data: there is no file {self.data!r}.")
        return dataclasses.asdict(self.facts)

    @classmethod
    def restored(cls, parameters, noted):
        task = cls(**parameters)
        if noted:
            task.__dict__["facts"] = Facts(**noted)
        return task

    @property
    def target_kind(self):
        return self.facts.kind

    @property
    def input_size(self):
        return len(self.facts.mean)

    @property
    def output_size(self):
        return self.facts.output_size

    @property
    def class_names(self):
        return self.facts.class_names

    @property
    def standardization(self):
        return self.facts.mean, self.facts.variance, self.facts.padded

    # The data

    @functools.cached_property
    def sequences(self):
        """The `Sequences` of the file.

        Raises:
            DataError: no file is named, or it cannot be used.
        """
        if not self.data:
            raise DataError(
                "Which data? Name your file: s4ntm train FILE.npz, or -p data=FILE.npz."
            )
        return read(self.data)

    @functools.cached_property
    def learned(self):
        """`(Sequences, Targets, {split: rows})`, of the sizes that are noted.

        Raises:
            DataError: the file has other channels or targets than when it was noted.
        """
        sequences, facts = self.sequences, self.facts
        targets = targets_of(sequences, facts.kind, facts.class_names)
        for what, found, noted in (
            ("channels", sequences.inputs.shape[1], self.input_size),
            (f"{facts.kind} of a target", targets.size, facts.output_size),
        ):
            if found != noted:
                raise DataError(
                    f"{self.data} has {found} {what}, and the run was made with {noted}."
                )
        if np.ptp(sequences.lengths) and not facts.padded:
            raise DataError(
                f"{self.data} has sequences of different lengths, and the run was made with those "
                "of one."
            )
        return sequences, targets, self.rows_of(sequences, targets)

    @functools.cached_property
    def is_changed(self):
        """Whether the file is another than the one that was noted."""
        return checksum(self.data) != self.facts.sha256

    def rows_of(self, sequences, targets):
        """`{split: rows}`. What the file does not set apart is drawn from what it leaves."""
        groups = targets.array if targets.kind == "classes" else np.zeros(len(sequences), "int32")
        split = np.zeros(len(sequences), "int64") if sequences.split is None else sequences.split
        rows = {name: np.flatnonzero(split == i) for i, name in enumerate(SPLITS)}
        rng = np.random.default_rng(self.split_seed)
        for name, share in (("test", self.test_share), ("validation", self.validation_share)):
            if not len(rows[name]):
                rows["train"], rows[name] = set_apart(rows["train"], groups, share, rng)
        if not all(len(found) for found in rows.values()):
            raise DataError(
                f"{self.data} has {len(sequences)} sequences; training, validation and test need "
                "one each at least."
            )
        return rows

    def size(self, split):
        return len(self.learned[2][split]) if self.data else 0

    def batch(self, split, seed, index, batch_size):
        """Sequences of a split: in training pass after pass, each in an order of its own; else in
        the order of the file.

        Raises:
            DataError: the file cannot be used; or it is to be trained on, and is another than the
                one that the run began with.
        """
        sequences, targets, rows = self.learned
        self.check_unchanged(split)
        rows = rows[split]
        if split == "train":
            numbers = np.arange(index * batch_size, (index + 1) * batch_size)
            orders = {
                i: order_of_pass(len(rows), seed, i) for i in set((numbers // len(rows)).tolist())
            }
            rows = rows[[orders[n // len(rows)][n % len(rows)] for n in numbers.tolist()]]
        else:
            index %= math.ceil(len(rows) / batch_size)
            rows = rows[index * batch_size : (index + 1) * batch_size]
        time = int(sequences.lengths.max())
        inputs = sequences.padded(sequences.inputs, rows, time, np.nan)
        if targets.kind == "classes":
            return Batch(inputs, targets.array[rows])
        answers = sequences.padded(targets.array, rows, time, 0)
        return Batch(inputs, answers, sequences.mask(rows, time))

    def check_unchanged(self, split):
        """Refuses to go on with other data than a run began with; elsewhere says so, once."""
        if not self.is_changed:
            return
        changed = f"{self.data} has changed since the run was made"
        if split == "train":
            raise DataError(
                f"{changed}: it cannot be trained on. Put the old file back, or begin a new run."
            )
        if "warned" not in self.__dict__:
            self.__dict__["warned"] = True
            warnings.warn(
                f"{changed}. The figures are those of the new file; inputs are standardized as "
                "they were in training.",
                S4NTMWarning,
                stacklevel=2,
            )


def set_apart(rows, groups, share, rng):
    """`(left, apart)`: the same share of each group, one row at least; both in their order.

    Args:
        rows: numbers of sequences.
        groups: of all sequences.
        share: of the rows that are set apart.
        rng: a `numpy.random.Generator`.
    """
    drawn = rng.permutation(rows)
    members = [drawn[groups[drawn] == group] for group in np.unique(groups[rows])]
    apart = np.concatenate([m[: round(share * len(m))] for m in members] or [drawn])
    apart = apart if len(apart) else drawn[:1]
    return np.setdiff1d(rows, apart), np.sort(apart)
