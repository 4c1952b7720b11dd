"""The kinds of targets: loss, metrics and figures against NumPy."""

import itertools

import keras
import numpy as np
import pytest
from helpers import data_of

from keras_s4ntm.data.batches import Batches
from keras_s4ntm.data.targets import TARGET_KINDS, score_classes, target_kind
from keras_s4ntm.parameters import ParameterError
from keras_s4ntm.tasks import TASKS, Batch, Copy, MultiQueryRecall, Task
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.fit import compile_model, errors_of

RECALL = MultiQueryRecall(vocabulary=8, pairs=2, length=10)


class Means(Task):
    """Running means of two channels; how many steps are scored differs. No task of the package."""

    name, target_kind = "means", "values"
    input_size = output_size = 2

    def sample(self, rng, batch_size):
        inputs = rng.normal(size=(batch_size, 6, 2)).astype("float32")
        means = inputs.cumsum(1) / np.arange(1, 7, dtype="float32")[:, None]
        scored = np.arange(6) < rng.integers(1, 7, (batch_size, 1))
        return Batch(inputs, means, scored.astype("float32"))


def softplus(x):
    return np.logaddexp(0, x)


def loss_by_hand(task, batch, logits):
    """Cross-entropy, or squared error, per scored answer; the mean of those of the sequences."""
    if task.target_kind == "bits":
        step = (softplus(logits) - batch.targets * logits).mean(-1)
    elif task.target_kind == "values":
        step = ((logits - batch.targets) ** 2).mean(-1)
    else:
        chosen = np.take_along_axis(logits, batch.targets[..., None], -1)[..., 0]
        step = np.log(np.exp(logits).sum(-1)) - chosen
    return np.mean((step * batch.mask).sum(1) / batch.mask.sum(1))


def passing_on(task):
    """A compiled model that changes nothing, so that its inputs are the logits."""
    inputs = keras.Input((None, task.output_size))
    model = keras.Model(
        inputs, keras.layers.Dense(task.output_size, kernel_initializer="identity")(inputs)
    )
    compile_model(model, task, TrainingConfig())
    return model


@pytest.mark.parametrize("task", [Copy(max_length=3), RECALL, Means()], ids=lambda task: task.name)
def test_loss_and_metrics_of_training_equal_numpy(rng, task):
    batch = task.batch("train", 0, 0, 6)
    logits = rng.normal(size=(*batch.mask.shape, task.output_size)).astype("float32")
    weights = Batches(task, "train", 0, 6, 1)[0][2]
    logs = passing_on(task).test_on_batch(logits, batch.targets, weights, return_dict=True)
    loss = loss_by_hand(task, batch, logits)
    assert float(logs["loss"]) == pytest.approx(loss, rel=1e-5)
    if task.target_kind == "values":
        differences = np.abs(logits - batch.targets).mean(-1) * batch.mask
        mae = np.mean(differences.sum(1) / batch.mask.sum(1))
        assert float(logs["rmse"]) == pytest.approx(np.sqrt(loss), rel=1e-5)
        assert float(logs["mae"]) == pytest.approx(mae, rel=1e-5)
        figures = target_kind(task).score(task, batch, logits)
        assert figures == pytest.approx(
            {"mse": loss, "rmse": np.sqrt(loss), "mae": mae, "sequences": 6}, rel=1e-5
        )
        return
    if task.target_kind == "tokens":
        wrong = ((logits.argmax(-1) != batch.targets) * batch.mask).sum(1)
        assert float(logs["token_accuracy"]) == pytest.approx(1 - wrong.sum() / batch.mask.sum())
    else:
        wrong = (((logits > 0) != batch.targets).sum(-1) * batch.mask).sum(1)
    assert float(logs[target_kind(task).errors]) == pytest.approx(wrong.mean())
    assert float(logs["sequence_accuracy"]) == pytest.approx(np.mean(wrong == 0))


@pytest.mark.once
def test_every_answer_is_counted_under_its_class_and_the_one_it_was_taken_for():
    targets = np.array([0, 2, 2, 1, 2], "int32")
    answers = np.array([0, 2, 1, 1, 0])
    figures = score_classes(TASKS["seq-mnist"](), Batch(None, targets), np.eye(3)[answers])
    assert set(figures) == {"accuracy", "sequences", "confusion"}
    assert figures["sequences"] == 5
    assert figures["accuracy"] == pytest.approx(3 / 5)
    for true, taken in itertools.product(range(3), repeat=2):
        count = sum((targets == true) & (answers == taken))
        assert figures["confusion"][true][taken] == count


@pytest.mark.once
def test_every_task_has_a_kind_of_targets_and_one_that_there_is_not_is_refused_by_name():
    for name in TASKS:
        task = TASKS[name](**data_of(name))
        assert target_kind(task) is TARGET_KINDS[task.target_kind]

    class Colors:
        target_kind = "bites"

    with pytest.raises(ParameterError, match=r"Unknown target kind 'bites'. Did you mean 'bits'"):
        target_kind(Colors())


@pytest.mark.once
def test_errors_count_but_where_no_one_can_avoid_them():
    assert errors_of(Copy()) == "bit_errors"
    assert errors_of(RECALL) == "token_errors"
    assert errors_of(TASKS["dynamic-ngrams"]()) is None
    assert errors_of(TASKS["char-lm"]()) is None
    assert errors_of(TASKS["seq-mnist"]()) is None
    assert errors_of(Means()) is None
