"""What a task is: it makes batches with NumPy, and says how hard they are. It knows no model."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np


class Batch(NamedTuple):
    """A batch of sequences, padded to one length.

    - `inputs`: `(B, T, input_size)` float32.
    - `targets`: `(B, T, output_size)` float32.
    - `mask`: `(B, T)` float32, 1 at the steps that are scored, 0 elsewhere.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Task:
    """The contract of a task. Its fields are its difficulty; all of them are numbers.

    A subclass sets `name`, `summary` (one line), `output` (`"bits"`: every output is a bit, the
    model gives its logit), and the properties `input_size`, `output_size`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    output: ClassVar[str]

    def sample(self, rng, batch_size):
        """A `Batch` drawn with `rng`, a `numpy.random.Generator`; always of the same shape."""
        raise NotImplementedError

    def batch(self, seed, epoch, index, batch_size):
        """Batch `index` of `epoch`: a pure function of its arguments, equal on every backend."""
        return self.sample(np.random.default_rng((seed, epoch, index)), batch_size)

    def settings(self, lengths=None):
        """The harder settings that generalisation is measured on: `[(label, task), ...]`.

        `label` is a dictionary that names the setting, for example `{"length": 40}`.
        """
        raise NotImplementedError
