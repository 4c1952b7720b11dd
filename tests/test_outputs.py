"""The kinds of output: loss, metrics and figures against NumPy; every model with every task."""

import itertools

import keras
import numpy as np
import pytest
from helpers import share_of_this_backend, task_of

from keras_s4ntm import build_model
from keras_s4ntm.batches import Batches
from keras_s4ntm.evaluation import evaluate
from keras_s4ntm.models import MODELS
from keras_s4ntm.outputs import OUTPUTS
from keras_s4ntm.recipe import Recipe
from keras_s4ntm.tasks import TASKS, Batch, DynamicNgrams, MultiQueryRecall, SelectiveCopy
from keras_s4ntm.training import compile_model


def train_one_step(model, inputs, targets, weights):
    """One update, not compiled; on JAX, where that takes longest, only traced."""
    model.jit_compile, model.run_eagerly = False, True
    if keras.backend.backend() != "jax":
        before = [np.array(keras.ops.convert_to_numpy(w)) for w in model.trainable_weights]
        assert np.isfinite(model.train_on_batch(inputs, targets, weights)[0])
        after = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
        assert any((a != b).any() for a, b in zip(before, after, strict=True))
        return
    import jax

    data = (inputs, targets, weights)
    model._symbolic_build(data_batch=data)
    kinds = ("trainable", "non_trainable", "optimizer", "metrics")
    state = model._get_jax_state(**{f"{kind}_variables": True for kind in kinds})
    logs, _ = jax.eval_shape(model.train_step, state, data)
    assert logs["loss"].shape == ()


@pytest.mark.parametrize(
    ("model_name", "task_name"), share_of_this_backend(itertools.product(MODELS, TASKS))
)
def test_every_model_trains_a_step_on_every_task(model_name, task_name):
    task = task_of(task_name)
    batch = task.batch("train", 0, 0, 2)
    model = build_model(model_name, task)
    compile_model(model, task, Recipe(warmup_steps=0))
    steps = slice(-3, None)  # no model knows how long a sequence is
    if batch.mask is None:
        train_one_step(model, batch.inputs[:, steps], batch.targets, np.ones(2, "float32"))
    else:
        weights = np.ones((2, 3), "float32")
        train_one_step(model, batch.inputs[:, steps], batch.targets[:, steps], weights)


def softplus(x):
    return np.logaddexp(0, x)


def loss_by_hand(task, batch, logits):
    """Cross-entropy per scored answer, the mean of the means of the sequences."""
    if task.output == "bits":
        step = (softplus(logits) - batch.targets * logits).mean(-1)
    else:
        chosen = np.take_along_axis(logits, batch.targets[..., None], -1)[..., 0]
        step = np.log(np.exp(logits).sum(-1)) - chosen
    return np.mean((step * batch.mask).sum(1) / batch.mask.sum(1))


@pytest.mark.parametrize("name", ["copy", "multi-query-recall"])
def test_loss_and_metrics_of_training_equal_numpy(rng, name):
    """A model that changes nothing, so that its inputs are the logits."""
    task = {"copy": TASKS["copy"](max_length=3), "multi-query-recall": SMALL_RECALL}[name]
    batch = task.batch("train", 0, 0, 6)
    logits = rng.normal(size=(*batch.mask.shape, task.output_size)).astype("float32")
    inputs = keras.Input((None, task.output_size))
    model = keras.Model(
        inputs, keras.layers.Dense(task.output_size, kernel_initializer="identity")(inputs)
    )
    compile_model(model, task, Recipe())
    weights = Batches(task, "train", 0, 6, 1)[0][2]
    logs = model.test_on_batch(logits, batch.targets, weights, return_dict=True)
    assert float(logs["loss"]) == pytest.approx(loss_by_hand(task, batch, logits), rel=1e-5)
    if task.output == "tokens":
        wrong = ((logits.argmax(-1) != batch.targets) * batch.mask).sum(1)
        assert float(logs["token_accuracy"]) == pytest.approx(1 - wrong.sum() / batch.mask.sum())
    else:
        wrong = (((logits > 0) != batch.targets).sum(-1) * batch.mask).sum(1)
    assert float(logs[OUTPUTS[task.output].errors]) == pytest.approx(wrong.mean())
    assert float(logs["sequence_accuracy"]) == pytest.approx(np.mean(wrong == 0))


SMALL_RECALL = MultiQueryRecall(vocabulary=8, pairs=2, length=10)


class Answering:
    """In the place of a model: answers with what a function makes of the inputs."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, inputs, batch_size, verbose):
        return self.answer(inputs)


def test_evaluation_of_tokens_counts_wrong_answers_at_every_setting():
    task = SelectiveCopy(vocabulary=5, tokens=2, length=4)

    def right_but_for_the_last(inputs):
        tokens = inputs.argmax(-1)
        answers = np.zeros_like(tokens)
        for row, sequence in zip(answers, tokens, strict=True):
            row[sequence == 4] = [t for t in sequence if t in (1, 2, 3)]
            row[np.flatnonzero(sequence == 4)[-1]] = 0
        return np.eye(5, dtype="float32")[answers]

    results = evaluate(Answering(right_but_for_the_last), task, sequences=6)
    for length, row in zip((4, 8), results, strict=True):
        assert row == {
            "length": length, "token_accuracy": 0.5, "sequence_accuracy": 0.0, "sequences": 6,
        }  # fmt: skip


def test_evaluation_of_ngrams_puts_the_cost_of_the_optimal_predictor_beside_the_models():
    task = DynamicNgrams(order=3, length=40)

    def optimal(inputs):
        """What the best predictor says, which needs no more than the inputs at every step."""
        bits = np.concatenate([inputs[:, 1:], inputs[:, -1:]], axis=1)
        return task.optimal(Batch(inputs, bits)).astype("float32")

    for row in evaluate(Answering(optimal), task, sequences=50):
        assert set(row) == {
            "length", "bits_per_sequence", "bit_error_rate", "sequence_accuracy", "sequences",
            "cost", "optimal_cost",
        }  # fmt: skip
        assert row["cost"] == pytest.approx(row["optimal_cost"], rel=1e-6)
    (guessing,) = evaluate(Answering(np.zeros_like), task, sequences=5, lengths=[40])
    assert guessing["cost"] == pytest.approx(38)
    assert guessing["optimal_cost"] < 38
