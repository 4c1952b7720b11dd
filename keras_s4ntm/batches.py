"""A task's batches as a `keras.utils.PyDataset`."""

import keras


class Batches(keras.utils.PyDataset):
    """The batches of some epochs, one epoch after the other: a pure function of the index.

    The same batches come on every backend, and a run that is resumed at an epoch sees what the
    uninterrupted one would have seen. Use with `fit(..., steps_per_epoch=count, shuffle=False)`:
    nothing then depends on when, or how often, Keras announces the end of an epoch.

    Args:
        task: a task.
        seed: the seed of all batches.
        batch_size: sequences in a batch.
        count: batches in an epoch.
        epochs: how many epochs.
        first_epoch: the number of the first one.
    """

    def __init__(self, task, seed, batch_size, count, epochs=1, first_epoch=0):
        super().__init__()
        self.task = task
        self.seed = seed
        self.batch_size = batch_size
        self.count = count
        self.epochs = epochs
        self.first_epoch = first_epoch

    def __len__(self):
        return self.count * self.epochs

    def __getitem__(self, index):
        epoch, index = divmod(index, self.count)
        return tuple(self.task.batch(self.seed, self.first_epoch + epoch, index, self.batch_size))
