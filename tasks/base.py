"""What a task is: it makes batches with NumPy, and says how hard they are. It knows no model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

SPLITS = ("train", "validation", "test")


class Batch(NamedTuple):
    """A batch of sequences, padded to one length.

    - `inputs`: `(B, T, input_size)` float32.
    - `targets`: bits `(B, T, output_size)` float32, tokens `(B, T)` int32 (any token at the steps
      that are not scored), or classes `(B,)` int32.
    - `mask`: `(B, T)` float32, 1 at the steps that are scored, 0 elsewhere; `None` for classes.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Task:
    """The contract of a task. Its fields are its difficulty.

    A subclass sets `name`, `summary` (one line), the properties `input_size` and `output_size`,
    and

    - `output`: `"bits"`: every output of every scored step is a bit, the model gives its logit;
      `"tokens"`: every scored step asks for one of `output_size` tokens, the model gives the
      logits of all; or `"classes"`: a sequence belongs to one class, the model gives the logits
      of all.
    - `recall`: how what is heard is asked for, from which models may choose how they start:
      `"in-order"`, all of it, heard without gaps; `"repeatedly"`, the same several times;
      `"by-content"`, at every time step by what it came with; `None`: in another way.
    - `recipe`: the numbers of training that suit it, whatever the model.
    - `optimal`: where the targets do not follow from the inputs, what can be known of them: a
      method of a `Batch` that returns the outputs of the best possible predictor.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    output: ClassVar[str]
    recall: ClassVar[str | None] = None
    recipe: ClassVar[dict] = {}
    optimal: ClassVar[Callable | None] = None

    def sample(self, rng, batch_size):
        """A `Batch` drawn with `rng`, a `numpy.random.Generator`; always of the same shape."""
        raise NotImplementedError

    def batch(self, split, seed, index, batch_size):
        """Batch `index` of `"train"`, `"validation"` or `"test"`; counted through all epochs.

        A pure function of its arguments, equal on every backend. The splits share no sequence
        but by chance.
        """
        rng = np.random.default_rng((SPLITS.index(split), seed, index))
        return self.sample(rng, batch_size)

    def size(self, split):
        """How many sequences a split has; `None`: as many as one likes."""
        return None

    def settings(self, lengths=None):
        """The harder settings that generalisation is measured on: `[(label, task), ...]`.

        `label` is a dictionary that names the setting, for example `{"length": 40}`.

        Raises:
            ValueError: `lengths` are given, and sequences of this task have but one length.
        """
        if lengths is not None:
            raise ValueError(f"{self.name} has sequences of one length only; leave out --lengths.")
        return [({}, self)]

    def levels(self):
        """The task at each of its difficulties, the easiest first: a list of tasks.

        The hardest one has the longest sequences.

        Raises:
            ValueError: this task has but one difficulty.
        """
        raise ValueError(f"{self.name} has one difficulty only; leave out --curriculum.")

    def check_at_least(self, minimum, *fields):
        """Raises `ValueError` where a field is smaller."""
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
