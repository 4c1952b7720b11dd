"""A task's batches as a `keras.utils.PyDataset`."""

import keras


class Batches(keras.utils.PyDataset):
    """Batches of a task, one after the other through all epochs: a pure function of the index.

    A batch is `(inputs, targets, weights)`, for classes `(inputs, targets)`. The weights are the
    task's mask over its sum in each sequence, so that in a weighted mean every sequence counts
    the same: the first vector of a short one more than the tenth of a long one. Without this a
    network may settle for losing the first vector of every sequence (`docs/results.md`).

    The same batches come on every backend, and a run that is resumed at an epoch sees what the
    uninterrupted one would have seen. Use with `fit(..., steps_per_epoch=..., shuffle=False)`:
    nothing then depends on when, or how often, Keras announces the end of an epoch.

    Args:
        task: a task.
        split: `"train"`, `"validation"` or `"test"`.
        seed: the seed of all batches.
        batch_size: sequences in a batch.
        count: how many batches.
        first: the number of the first one.
    """

    def __init__(self, task, split, seed, batch_size, count, first=0):
        super().__init__()
        self.task = task
        self.split = split
        self.seed = seed
        self.batch_size = batch_size
        self.count = count
        self.first = first

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        batch = self.task.batch(self.split, self.seed, self.first + index, self.batch_size)
        if batch.mask is None:
            return batch.inputs, batch.targets
        weights = batch.mask / batch.mask.sum(axis=1, keepdims=True)
        return batch.inputs, batch.targets, weights
