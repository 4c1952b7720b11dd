"""Batches reach `fit` in their order, each once, also after a resume."""

import keras
import numpy as np

from keras_s4ntm.data.batches import Batches
from keras_s4ntm.tasks import Batch, Copy


class Counting:
    """A task whose batch is its own index."""

    def batch(self, split, seed, index, batch_size):
        x = np.full((batch_size, 1), index, "float32")
        return Batch(x, x)


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
        Batches(Counting(), "train", 0, 2, 3 * (epochs - first_epoch), first=3 * first_epoch),
        initial_epoch=first_epoch,
        epochs=epochs,
        steps_per_epoch=3,
        shuffle=False,
        callbacks=[record],
        verbose=0,
    )
    return seen


def test_fit_sees_every_batch_once_and_in_order():
    assert seen_by_fit(0, 3) == list(range(9))


def test_a_resumed_fit_sees_what_the_uninterrupted_one_would_have_seen():
    assert seen_by_fit(2, 4) == seen_by_fit(0, 4)[6:]


def test_every_sequence_weighs_the_same_in_the_loss():
    task = Copy(max_length=6)
    inputs, targets, weights = Batches(task, "train", 0, batch_size=16, count=2)[1]
    batch = task.batch("train", 0, 1, 16)
    np.testing.assert_array_equal(inputs, batch.inputs)
    np.testing.assert_array_equal(targets, batch.targets)
    np.testing.assert_array_equal(weights > 0, batch.mask > 0)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
