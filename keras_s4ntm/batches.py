"""A task's batches as a `keras.utils.PyDataset`."""

import keras


class Batches(keras.utils.PyDataset):
    """Batches of a task: a pure function of `(seed, epoch, index)`.

    The same batches come on every backend, and a run that is resumed at epoch k sees what the
    uninterrupted one would have seen.

    Args:
        task: a task.
        seed: the seed of all batches.
        batch_size: sequences in a batch.
        count: batches in an epoch.
        epoch: the first epoch.
        advance: whether a new epoch brings new batches. Validation data stays the same.
    """

    def __init__(self, task, seed, batch_size, count, epoch=0, advance=True):
        super().__init__()
        self.task = task
        self.seed = seed
        self.batch_size = batch_size
        self.count = count
        self.epoch = epoch
        self.advance = advance

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return tuple(self.task.batch(self.seed, self.epoch, index, self.batch_size))

    def on_epoch_end(self):
        self.epoch += self.advance
