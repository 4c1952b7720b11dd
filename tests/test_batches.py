"""Batches reach `fit` in their order, each once, also after a resume."""

import keras
import numpy as np

from keras_s4ntm.batches import Batches


class Counting:
    """A task whose batch is its own epoch and index."""

    def batch(self, seed, epoch, index, batch_size):
        x = np.full((batch_size, 1), 10 * epoch + index, "float32")
        return x, x


def seen_by_fit(first_epoch, epochs):
    """What a model is trained on, batch by batch."""

    class Last(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="last")
            self.value = self.add_variable((), "zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.value.assign(keras.ops.max(y_true))

        def result(self):
            return keras.ops.convert_to_tensor(self.value)

    seen = []
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[Last()])
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(round(float(logs["last"])))
    )
    model.fit(
        Batches(Counting(), 0, 2, count=3, epochs=epochs - first_epoch, first_epoch=first_epoch),
        initial_epoch=first_epoch,
        epochs=epochs,
        steps_per_epoch=3,
        shuffle=False,
        callbacks=[record],
        verbose=0,
    )
    return seen


def test_fit_sees_every_batch_once_and_in_order():
    assert seen_by_fit(0, 3) == [0, 1, 2, 10, 11, 12, 20, 21, 22]


def test_a_resumed_fit_sees_what_the_uninterrupted_one_would_have_seen():
    assert seen_by_fit(2, 4) == seen_by_fit(0, 4)[6:]
