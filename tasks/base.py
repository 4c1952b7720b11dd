"""The contract of a task: it draws batches with NumPy. It knows no model and no framework."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

SPLITS = ("train", "validation", "test")


class Batch(NamedTuple):
    """A batch of sequences, padded to one length.

    - `inputs`: `(B, T, input_size)` float32.
    - `targets`, by the kind of target of the task: bits or values `(B, T, output_size)` float32;
      tokens `(B, T)` int32, any token at the steps that are not scored; or classes `(B,)` int32.
    - `mask`: `(B, T)` float32, 1 at the steps that are scored, 0 elsewhere; `None` for classes.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Task:
    """The contract of a task. Its fields set its difficulty; every field has a default.

    A subclass defines `sample`, the properties `input_size` and `output_size`, and these class
    attributes:

    - `name`: the task on the command line, in `TASKS` and in run directories.
    - `summary`: one line.
    - `target_kind`: what the targets are; the loss, the metrics and the scores follow from it.
      `"bits"`: every scored step has `output_size` binary targets; the model gives a logit for
      each. `"tokens"`: the target of every scored step is one of `output_size` tokens; the model
      gives the logits of all. `"classes"`: the target of the whole sequence is one of
      `output_size` classes; the model gives the logits of all. `"values"`: every scored step has
      `output_size` real numbers; the model gives them as they are.
    - `token`: what a token is called in the figures of an evaluation, in one word.
    - `optimal`: only where the inputs do not determine the targets. A method that takes a `Batch`
      and returns the logits of the best possible predictor. Elsewhere `None`.

    Where a task learns its sizes from a file, `target_kind` is a property, and it may have these:

    - `standardization`: `(means, variances, padded)`, two lists of a number for each channel of
      the inputs: the model brings them to mean 0 and variance 1 itself. If `padded`, batches mark
      padding: the inputs of a time step that is not there are not a number. Elsewhere `None`.
    - `class_names`: the names of the classes, a list. Elsewhere `None`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    target_kind: ClassVar[str]
    token: ClassVar[str] = "token"
    optimal: ClassVar[Callable | None] = None
    standardization: ClassVar[tuple | None] = None
    class_names: ClassVar[list | None] = None

    @property
    def certain(self):
        """Whether the inputs determine the targets. A task without `optimal` where they can but be
        guessed has `certain = False`: training then goes by the loss, not by the errors.
        """
        return self.optimal is None

    def sample(self, rng, batch_size):
        """A `Batch` drawn with `rng`, a `numpy.random.Generator`. Its shape is always the same."""
        raise NotImplementedError

    def batch(self, split, seed, index, batch_size):
        """Batch number `index` of a split: `"train"`, `"validation"` or `"test"`.

        The number goes on through all epochs. A batch is a pure function of the arguments, the
        same on every backend. The splits share no sequence but by chance.
        """
        rng = np.random.default_rng((SPLITS.index(split), seed, index))
        return self.sample(rng, batch_size)

    def size(self, split):
        """How many sequences a split has. `None`: they are drawn anew, without limit."""
        return None

    def noted(self):
        """What a run notes of the task's data beside its parameters: a dictionary that fits into
        JSON. Empty: there is nothing but parameters.

        Raises:
            ValueError, DataError: there is data, and it cannot be used.
        """
        return {}

    @classmethod
    def restored(cls, parameters, noted):
        """The task of a run.

        Args:
            parameters: its fields.
            noted: what `noted` returned in training.

        Raises:
            ValueError, TypeError, KeyError: it has returned something else.
        """
        if noted:
            raise ValueError(f"{cls.name} notes nothing of its data, and the run has {noted!r}.")
        return cls(**parameters)

    def settings(self, lengths=None):
        """The settings that generalisation is measured on: `[(label, task), ...]`.

        The first one is within the range of training, the others are beyond. `label` is a
        dictionary that names the setting, for example `{"length": 40}`.

        Args:
            lengths: measure at these lengths instead.

        Raises:
            ValueError: `lengths` are given, but the sequences of this task have one length only.
        """
        if lengths is not None:
            raise ValueError(f"{self.name} has sequences of one length only; leave out --lengths.")
        return [({}, self)]

    def levels(self):
        """The levels of a curriculum: a list of tasks, the easiest first.

        The hardest one has the longest sequences.

        Raises:
            ValueError: this task has one difficulty only.
        """
        raise ValueError(f"{self.name} has one difficulty only; leave out --curriculum.")

    def check_at_least(self, minimum, *fields):
        """Raises `ValueError` where a field is smaller than `minimum`."""
        for field in fields:
            if getattr(self, field) < minimum:
                raise ValueError(f"{field} must be at least {minimum}, got {getattr(self, field)}.")

    def check_order(self, smaller, larger):
        """Raises `ValueError` where the field `smaller` is larger than the field `larger`."""
        if getattr(self, smaller) > getattr(self, larger):
            raise ValueError(
                f"{smaller}={getattr(self, smaller)} is larger than "
                f"{larger}={getattr(self, larger)}."
            )


@functools.lru_cache(maxsize=4)
def order_of_pass(size, seed, number):
    """The order in which pass `number` of a training shows `size` sequences."""
    return np.random.default_rng((seed, number)).permutation(size)
