"""The figures of the field: wrong bits or tokens per sequence, faultless sequences, and how far
values are off.
"""

import keras
from keras import ops


def wrong_bits(y_true, y_pred, mask):
    """Wrong bits of each sequence at the steps that are scored, `(B,)`.

    Args:
        y_true: `(B, T, bits)`, 0 or 1.
        y_pred: `(B, T, bits)`, logits: above 0 means 1.
        mask: `(B, T)`, above 0 at the steps that are scored; `None` scores all of them.
    """
    wrong = ops.not_equal(
        ops.greater(ops.convert_to_tensor(y_pred), 0),
        ops.greater(ops.convert_to_tensor(y_true), 0.5),
    )
    return _sum_scored(ops.sum(ops.cast(wrong, "float32"), axis=-1), mask)


def wrong_tokens(y_true, y_pred, mask):
    """Wrong tokens of each sequence at the steps that are scored, `(B,)`.

    Args:
        y_true: `(B, T)`, the numbers of the tokens.
        y_pred: `(B, T, tokens)`, logits: the largest is the answer.
        mask: `(B, T)`, above 0 at the steps that are scored; `None` scores all of them.
    """
    answers = ops.argmax(ops.convert_to_tensor(y_pred), axis=-1)
    wrong = ops.not_equal(answers, ops.cast(ops.convert_to_tensor(y_true), answers.dtype))
    return _sum_scored(ops.cast(wrong, "float32"), mask)


def squared_errors(y_true, y_pred, mask):
    """The mean squared error of each sequence over the steps that are scored, `(B,)`.

    Args:
        y_true: `(B, T, O)`, any numbers.
        y_pred: `(B, T, O)`, the answers.
        mask: `(B, T)`, above 0 at the steps that are scored; `None` scores all of them.
    """
    return _mean_scored(ops.square(_differences(y_true, y_pred)), mask)


def absolute_errors(y_true, y_pred, mask):
    """The mean absolute error of each sequence, `(B,)`; arguments as of `squared_errors`."""
    return _mean_scored(ops.absolute(_differences(y_true, y_pred)), mask)


def _differences(y_true, y_pred):
    y_pred = ops.cast(ops.convert_to_tensor(y_pred), "float32")
    return y_pred - ops.cast(ops.convert_to_tensor(y_true), "float32")


def _mean_scored(values, mask):
    """The mean over the steps that are scored and their numbers: `(B, T, O)` to `(B,)`."""
    values = ops.mean(values, axis=-1)
    return _sum_scored(values, mask) / _sum_scored(ops.ones_like(values), mask)


def _sum_scored(values, mask):
    """The sum over the steps that are scored: `(B, T)` to `(B,)`."""
    if mask is not None:
        values = values * ops.cast(ops.greater(ops.convert_to_tensor(mask), 0), "float32")
    return ops.sum(values, axis=-1)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class BitErrors(keras.metrics.Metric):
    """Wrong bits per sequence, averaged over sequences.

    Pass it as a *weighted* metric, `model.compile(..., weighted_metrics=[BitErrors()])`: the
    sample weights `(B, T)` are positive at the steps that are scored.
    """

    wrong = staticmethod(wrong_bits)

    def __init__(self, name="bit_errors", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", name="total")
        self.sequences = self.add_variable((), "zeros", name="sequences")

    def score(self, wrong):
        """What one sequence counts, from its number of wrong bits."""
        return wrong

    def update_state(self, y_true, y_pred, sample_weight=None):
        score = self.score(self.wrong(y_true, y_pred, sample_weight))
        self.total.assign_add(ops.cast(ops.sum(score), self.dtype))
        self.sequences.assign_add(ops.cast(ops.shape(score)[0], self.dtype))

    def result(self):
        return ops.divide_no_nan(self.total, self.sequences)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SequenceAccuracy(BitErrors):
    """The share of sequences without one wrong bit. A weighted metric, as `BitErrors`."""

    def __init__(self, name="sequence_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)

    def score(self, wrong):
        return ops.cast(ops.equal(wrong, 0), "float32")


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class TokenErrors(BitErrors):
    """Wrong tokens per sequence, averaged over sequences. A weighted metric, as `BitErrors`."""

    wrong = staticmethod(wrong_tokens)

    def __init__(self, name="token_errors", **kwargs):
        super().__init__(name=name, **kwargs)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class TokenSequenceAccuracy(SequenceAccuracy):
    """The share of sequences without one wrong token. A weighted metric, as `BitErrors`."""

    wrong = staticmethod(wrong_tokens)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MeanAbsoluteError(BitErrors):
    """The mean absolute error; every sequence weighs the same. Weighted, as `BitErrors`."""

    wrong = staticmethod(absolute_errors)

    def __init__(self, name="mae", **kwargs):
        super().__init__(name=name, **kwargs)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class RootMeanSquaredError(BitErrors):
    """The root of the mean squared error, the mean over all sequences and not within a batch; every
    sequence weighs the same. A weighted metric, as `BitErrors`.
    """

    wrong = staticmethod(squared_errors)

    def __init__(self, name="rmse", **kwargs):
        super().__init__(name=name, **kwargs)

    def result(self):
        return ops.sqrt(super().result())
