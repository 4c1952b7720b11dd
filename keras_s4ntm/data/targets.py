"""What depends on the kind of targets that a task has: loss, metrics, figures of an evaluation.

To add a kind: an entry of `TARGET_KINDS`; and say in `Batch` what its targets are.
"""

import dataclasses
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import ops

from keras_s4ntm.data.metrics import (
    BitErrors,
    MeanAbsoluteError,
    RootMeanSquaredError,
    SequenceAccuracy,
    TokenErrors,
    TokenSequenceAccuracy,
    absolute_errors,
    squared_errors,
    wrong_bits,
    wrong_tokens,
)
from keras_s4ntm.parameters import choose


@dataclasses.dataclass(frozen=True)
class TargetKind:
    """A kind of targets.

    Args:
        loss: of the model's outputs: a class of `keras.losses`, or a function that makes one of
            its arguments. Every sequence weighs the same.
        metrics: what training reports: a function, arguments of `Model.compile`.
        score: the figures of one batch, a dictionary: a function of the task, the batch and the
            model's outputs, which may go on beyond the end of the batch.
        errors: the metric that counts errors, which tells a good validation from a better one, and
            when a task is solved; `None`: only the loss does.
    """

    loss: Callable
    metrics: Callable
    score: Callable
    errors: str | None = None


def target_kind(task):
    """The `TargetKind` of a task.

    Raises:
        ParameterError: the task's `target_kind` is none of `TARGET_KINDS`.
    """
    return choose("target kind", task.target_kind, TARGET_KINDS)


def score_bits(task, batch, outputs):
    """Wrong bits; where the targets can only be guessed (`Task.optimal`) the cost as well."""
    outputs = outputs[:, : batch.inputs.shape[1]]
    wrong = ops.convert_to_numpy(wrong_bits(batch.targets, outputs, batch.mask))
    figures = {
        "bits_per_sequence": float(np.mean(wrong)),
        "bit_error_rate": float(np.sum(wrong) / (batch.mask.sum() * outputs.shape[-1])),
        "sequence_accuracy": float(np.mean(wrong == 0)),
        "sequences": len(wrong),
    }
    if task.optimal is not None:
        figures["cost"] = cost_of_bits(batch, outputs)
        figures["optimal_cost"] = cost_of_bits(batch, task.optimal(batch))
    return figures


def cost_of_bits(batch, logits):
    """What predictions cost in bits per sequence: the mean of `-sum log2 p(target)`."""
    against = np.where(batch.targets == 1, -logits, logits).astype("float64")
    cost = np.logaddexp(0, against) / np.log(2) * batch.mask[..., None]
    return float(cost.sum() / len(logits))


def score_tokens(task, batch, outputs):
    """Wrong tokens; where they can only be guessed (`Task.certain`) the cost as well."""
    outputs = outputs[:, : batch.inputs.shape[1]]
    wrong = ops.convert_to_numpy(wrong_tokens(batch.targets, outputs, batch.mask))
    figures = {
        "token_accuracy": float(1 - wrong.sum() / batch.mask.sum()),
        "sequence_accuracy": float(np.mean(wrong == 0)),
        "sequences": len(wrong),
    }
    if not task.certain:
        figures[f"bits_per_{task.token}"] = cost_of_tokens(batch, outputs)
    return figures


def cost_of_tokens(batch, logits):
    """What predictions cost in bits per token: the mean of `-log2 p(target)` over scored steps."""
    logits = logits.astype("float64")
    logits -= logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits).sum(axis=-1))
    chosen = np.take_along_axis(logits, batch.targets[..., None], axis=-1)[..., 0]
    cost = (total - chosen) / np.log(2) * batch.mask
    return float(cost.sum() / batch.mask.sum())


def score_classes(task, batch, outputs):
    """Accuracy, and how often each class was taken for each: `confusion[i][j]`, i for j. Where a
    task has names of its classes, these as well.
    """
    confusion = np.zeros((outputs.shape[-1],) * 2, "int64")
    np.add.at(confusion, (batch.targets, outputs.argmax(axis=-1)), 1)
    return {
        "accuracy": float(np.trace(confusion) / confusion.sum()),
        "sequences": len(outputs),
        "confusion": confusion.tolist(),
        **({"class_names": task.class_names} if task.class_names else {}),
    }


def score_values(task, batch, outputs):
    """Errors of real numbers: means over the scored steps of a sequence, then over sequences."""
    outputs = outputs[:, : batch.inputs.shape[1]]
    squared, absolute = (
        float(np.mean(ops.convert_to_numpy(errors(batch.targets, outputs, batch.mask))))
        for errors in (squared_errors, absolute_errors)
    )
    return {
        "mse": squared,
        "rmse": float(np.sqrt(squared)),
        "mae": absolute,
        "sequences": len(outputs),
    }


# Of bits, tokens and classes a model's outputs are logits; of values they are the answers.
cross_entropy = partial(keras.losses.SparseCategoricalCrossentropy, from_logits=True)

TARGET_KINDS = {
    "bits": TargetKind(
        partial(keras.losses.BinaryCrossentropy, from_logits=True),
        lambda: {"weighted_metrics": [BitErrors(), SequenceAccuracy()]},
        score_bits,
        errors="bit_errors",
    ),
    "tokens": TargetKind(
        cross_entropy,
        lambda: {
            "weighted_metrics": [
                TokenErrors(),
                TokenSequenceAccuracy(),
                keras.metrics.SparseCategoricalAccuracy("token_accuracy"),
            ]
        },
        score_tokens,
        errors="token_errors",
    ),
    "classes": TargetKind(
        cross_entropy,
        lambda: {"metrics": ["accuracy"]},
        score_classes,
    ),
    "values": TargetKind(
        keras.losses.MeanSquaredError,
        lambda: {"weighted_metrics": [MeanAbsoluteError(), RootMeanSquaredError()]},
        score_values,
    ),
}
