"""The callbacks of `model.fit`."""

import keras
import numpy as np
import pytest

from keras_s4ntm.errors import S4NTMWarning, TrainingDiverged
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.training.callbacks import (
    StopWhenSolved,
    WatchGradients,
    check_finite,
    validation_rank,
)
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.fit import was_solved
from keras_s4ntm.training.optimizers import make_optimizer

SOLVED = {"val_bit_errors": 0.0, "val_loss": 1e-9}
FAULTY = {"val_bit_errors": 0.1, "val_loss": 1e-9}
UNSURE = {"val_bit_errors": 0.0, "val_loss": 0.3}


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def stops_after(records, **options):
    callback = StopWhenSolved(patience=2, **options)
    callback.set_model(small_model())
    callback.model.stop_training = False
    for i, record in enumerate(records):
        callback.on_epoch_end(i, record)
        if callback.model.stop_training:
            return i
    return None


def test_stops_after_enough_faultless_validations_in_a_row():
    records = [SOLVED, FAULTY, SOLVED, UNSURE, SOLVED, {}, SOLVED, SOLVED]
    assert stops_after(records, loss=0.03) == 6
    assert stops_after([FAULTY, UNSURE, SOLVED], loss=0.03) is None


def test_without_a_loss_to_reach_the_errors_alone_tell_when_a_task_is_solved():
    assert stops_after([SOLVED, FAULTY, SOLVED, UNSURE]) == 3


def test_the_errors_that_count_are_those_that_the_task_names():
    faultless = {"val_token_errors": 0.0, "val_loss": 1e-9}
    assert stops_after([faultless, faultless], errors="token_errors") == 1
    assert stops_after([faultless, faultless], errors="bit_errors") is None
    assert stops_after([SOLVED] * 9, errors=None) is None
    assert stops_after([SOLVED, UNSURE, SOLVED, SOLVED], errors=None, loss=0.03) == 3
    few, sure = {"val_bit_errors": 1, "val_loss": 3.0}, {"val_bit_errors": 2, "val_loss": 2.0}
    assert validation_rank(few) > validation_rank(sure)
    assert validation_rank(few, errors=None) < validation_rank(sure, errors=None)


def test_validations_before_a_resume_count():
    assert stops_after([SOLVED], history=[FAULTY, SOLVED]) == 0
    assert stops_after([SOLVED], history=[SOLVED, FAULTY]) is None


def test_whether_a_history_solved_its_task_follows_from_the_experiment():
    records = [UNSURE, UNSURE, SOLVED, SOLVED, SOLVED]
    sure = Experiment.choose("copy", "ntm", {"patience": 3, "solved_loss": 0.03})
    assert was_solved(records, sure)
    assert not was_solved(records[:-1], sure)
    assert was_solved(records[:-2], Experiment.choose("copy", "ntm", {"patience": 3}, "none"))
    assert not was_solved(records * 9, Experiment.choose("dynamic-ngrams", "ntm"))


def fit_with_nan_targets(patience, epochs):
    """A model that is trained on targets of which every second batch is not a number."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    jit = keras.backend.backend() != "torch"
    model.compile(make_optimizer(TrainingConfig(steps=40)), "mse", jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    y = np.ones((8, 2))
    y[2:4] = y[6:] = np.nan
    options = {"batch_size": 2, "epochs": epochs, "shuffle": False, "verbose": 0}
    model.fit(np.ones((8, 3)), y, callbacks=[WatchGradients(patience)], **options)
    return model


def test_updates_with_gradients_that_are_no_numbers_are_counted_and_said():
    with pytest.warns(S4NTMWarning, match="In 2 updates of epoch 2 gradients were not a number"):
        model = fit_with_nan_targets(patience=2, epochs=2)
    assert int(model.optimizer.nan_updates) == 4
    assert int(model.optimizer.nan_updates_in_a_row) == 1
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_gradients_that_stay_no_numbers_end_the_training():
    with (
        pytest.warns(S4NTMWarning),
        pytest.raises(TrainingDiverged, match="not a number in 1 updates in a row, at step 4"),
    ):
        fit_with_nan_targets(patience=1, epochs=2)


def test_a_weight_that_is_not_finite_is_named():
    model = small_model()
    check_finite(model, 3)
    model.layers[0].bias.assign(np.array([0, np.nan]))
    with pytest.raises(TrainingDiverged, match=r"bias is not finite after step 3"):
        check_finite(model, 3)


def test_fewer_wrong_bits_make_a_validation_better_than_a_lower_loss():
    rare_slips = {"val_bit_errors": 0.1, "val_loss": 0.01}
    faultless = {"val_bit_errors": 0.0, "val_loss": 0.05}
    surer = {"val_bit_errors": 0.0, "val_loss": 0.02}
    assert validation_rank(rare_slips) < validation_rank(faultless) < validation_rank(surer)
    assert validation_rank({"val_loss": 2.0}) < validation_rank({"val_loss": 1.0})  # of classes
    assert validation_rank({"val_loss": 9.0}) > ()
