"""Traces of a network while it is trained."""

from pathlib import Path

import keras

from keras_s4ntm.analysis.tracing import memory_layer, trace


class MemoryTrace(keras.callbacks.Callback):
    """Every few epochs of `model.fit` a `Trace` of the network as it then is.

    The files `epoch-00020.npz` are those that the training slider of a report walks through, where
    they are in `RUN/trace`.

    Args:
        directory: where the files go.
        inputs: what is traced; a few sequences say most.
        interval: epochs between two traces.
        options: `targets`, `target_mask`, `mask` and `layer` of `trace`.

    Raises:
        ValueError: when training begins, of a model without a memory; see `trace`.
    """

    def __init__(self, directory, inputs, *, interval=1, **options):
        super().__init__()
        self.directory = Path(directory)
        self.inputs = inputs
        self.interval = interval
        self.options = options

    def on_train_begin(self, logs=None):
        memory_layer(self.model, self.options.get("layer"))

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.interval == 0:
            traced = trace(self.model, self.inputs, **self.options)
            traced.save(self.directory / f"epoch-{epoch + 1:05d}.npz")
