"""The metrics against a count by hand."""

import numpy as np
from helpers import tensors

from keras_s4ntm.data.metrics import (
    BitErrors,
    MeanAbsoluteError,
    RootMeanSquaredError,
    SequenceAccuracy,
    TokenErrors,
    TokenSequenceAccuracy,
)


def test_wrong_bits_and_faultless_sequences_are_counted_at_scored_steps_only(rng):
    bits, sequences, faultless = 0, 0, 0
    errors, accuracy = BitErrors(), SequenceAccuracy()
    for batch in (3, 5):
        truth = rng.integers(0, 2, (batch, 7, 4))
        logits = np.where(truth == 1, 2.0, -2.0)
        flipped = rng.random(truth.shape) < 0.03
        logits[flipped] *= -1
        mask = (rng.random((batch, 7)) < 0.6) * rng.uniform(0.1, 1, (batch, 1))
        for metric in (errors, accuracy):
            metric.update_state(*tensors([truth, logits, mask]))
        for i in range(batch):
            wrong = sum(flipped[i, t].sum() for t in range(7) if mask[i, t])
            bits, sequences, faultless = bits + wrong, sequences + 1, faultless + (wrong == 0)
    assert 0 < faultless < sequences
    np.testing.assert_allclose(float(errors.result()), bits / sequences, rtol=1e-6)
    np.testing.assert_allclose(float(accuracy.result()), faultless / sequences, rtol=1e-6)


def test_wrong_tokens_and_faultless_sequences_are_counted_at_scored_steps_only(rng):
    tokens, sequences, faultless = 0, 0, 0
    errors, accuracy = TokenErrors(), TokenSequenceAccuracy()
    for batch in (3, 5):
        truth = rng.integers(0, 4, (batch, 7))
        wrong = rng.random(truth.shape) < 0.15
        answers = np.where(wrong, (truth + 1) % 4, truth)
        logits = np.eye(4)[answers] - 3  # all of them negative
        mask = (rng.random((batch, 7)) < 0.6) * rng.uniform(0.1, 1, (batch, 1))
        for metric in (errors, accuracy):
            metric.update_state(truth.astype("int32"), *tensors([logits, mask]))
        for i in range(batch):
            count = sum(wrong[i, t] for t in range(7) if mask[i, t])
            tokens, sequences, faultless = tokens + count, sequences + 1, faultless + (count == 0)
    assert 0 < faultless < sequences
    np.testing.assert_allclose(float(errors.result()), tokens / sequences, rtol=1e-6)
    np.testing.assert_allclose(float(accuracy.result()), faultless / sequences, rtol=1e-6)


def test_errors_of_values_are_means_over_sequences_whatever_the_sizes_of_batches(rng):
    absolute, squared = [], []
    mae, rmse = MeanAbsoluteError(), RootMeanSquaredError()
    for batch, time in ((3, 7), (5, 4), (1, 9)):
        truth, answers = rng.normal(size=(2, batch, time, 2))
        mask = (rng.random((batch, time)) < 0.6) * rng.uniform(0.1, 1, (batch, 1))
        mask[:, 0] = 1
        for metric in (mae, rmse):
            metric.update_state(*tensors([truth, answers, mask]))
        for i in range(batch):
            steps = [t for t in range(time) if mask[i, t]]
            differences = [answers[i, t, j] - truth[i, t, j] for t in steps for j in range(2)]
            absolute.append(np.mean(np.abs(differences)))
            squared.append(np.mean(np.square(differences)))
    np.testing.assert_allclose(float(mae.result()), np.mean(absolute), rtol=1e-5)
    np.testing.assert_allclose(float(rmse.result()), np.sqrt(np.mean(squared)), rtol=1e-5)


def test_without_data_the_result_is_zero():
    assert float(BitErrors().result()) == 0
