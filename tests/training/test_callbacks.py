"""The callbacks of `model.fit`."""

import io

import keras
import numpy as np
import pytest
from rich.console import Console

from keras_s4ntm.errors import TrainingDiverged
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.training.callbacks import (
    RichProgress,
    StopWhenSolved,
    check_finite,
    validation_rank,
)
from keras_s4ntm.training.fit import was_solved

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


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_steps_loss_and_speed(rng, terminal):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=120)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    model = small_model()
    model.fit(
        x,
        y,
        batch_size=4,
        epochs=2,
        validation_data=(x, y),
        verbose=0,
        callbacks=[RichProgress(4, console)],
    )
    text = output.getvalue()
    assert "6/6" in text
    assert "loss" in text
    assert "sequences/s" in text


def test_progress_replaces_the_bar_of_keras(rng, capsys):
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    progress = RichProgress(4, Console(file=io.StringIO()))
    small_model().fit(x, y, callbacks=[progress])
    assert capsys.readouterr().out == ""


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
