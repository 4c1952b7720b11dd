"""Curriculum: how hard the sequences of training are, step by step. Imports no framework.

Source: Zaremba and Sutskever 2014, "Learning to Execute", section 3.4: the current difficulty grows
from the easiest to that of the task, and sequences of other difficulties are mixed in. The share of
`"look-back"` is that of the code of Collier and Beel 2018 (github.com/MarkPKCollier).
"""

import numpy as np

from keras_s4ntm.data.padding import pad
from keras_s4ntm.training.configuration import CURRICULA

GROWTH = 0.5  # the share of the training after which the current difficulty is that of the task
LOOK_BACK = 0.1  # the share of sequences of any difficulty so far


def with_curriculum(task, config):
    """The task as training sees it.

    Args:
        task: a task.
        config: a `TrainingConfig`.

    Raises:
        ValueError: the configuration asks for a curriculum, and the task has but one difficulty.
    """
    return task if config.curriculum == "none" else Curriculum(task, config)


class Curriculum:
    """The batches of a task whose difficulty grows with their index, and so with the step.

    Every batch is padded to the length of the hardest ones, so that there is one compilation. It
    is a pure function of seed and index: a resumed run sees what the uninterrupted one would.

    - `"uniform"`: every difficulty up to the current one is equally likely.
    - `"look-back"`: nine sequences in ten have the current one, the others any up to it.
    """

    def __init__(self, task, config):
        self.levels = task.levels()
        self.time = self.levels[-1].sample(np.random.default_rng(0), 1).inputs.shape[1]
        self.kind = config.curriculum
        self.steps = config.steps

    def current(self, index):
        """The number of the current difficulty at step `index`, from 0 on."""
        grown = min(index / (GROWTH * self.steps), 1.0)
        return int(grown * (len(self.levels) - 1))

    def draw(self, rng, index, batch_size):
        """The number of the difficulty of each sequence, `(B,)`."""
        current = self.current(index)
        drawn = rng.integers(0, current + 1, batch_size)
        if self.kind == "look-back":
            drawn = np.where(rng.random(batch_size) < LOOK_BACK, drawn, current)
        return drawn

    def batch(self, split, seed, index, batch_size):
        """Batch `index` of the training; the sequences of one difficulty after the other."""
        rng = np.random.default_rng((0, seed, index, CURRICULA.index(self.kind)))
        numbers, counts = np.unique(self.draw(rng, index, batch_size), return_counts=True)
        parts = [self.levels[i].sample(rng, n) for i, n in zip(numbers, counts, strict=True)]
        return parts[0]._replace(
            **{
                field: np.concatenate([pad(getattr(part, field), self.time) for part in parts])
                for field in parts[0]._fields
            }
        )
