"""The progress display."""

import io

import keras
import pytest
from rich.console import Console

from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.progress import RichProgress

INTERVALS = dict.fromkeys(("report_interval", "validation_interval", "checkpoint_interval"), 3)


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_steps_loss_and_speed(rng, terminal):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=120)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    model, config = small_model(), TrainingConfig(steps=6, batch_size=4, **INTERVALS)
    model.fit(
        x,
        y,
        batch_size=4,
        epochs=2,
        validation_data=(x, y),
        verbose=0,
        callbacks=[RichProgress(config, console)],
    )
    text = output.getvalue()
    assert "6/6" in text
    assert "loss" in text
    assert "sequences/s" in text


def test_progress_replaces_the_bar_of_keras(rng, capsys):
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    progress = RichProgress(TrainingConfig(steps=1), Console(file=io.StringIO()))
    small_model().fit(x, y, callbacks=[progress])
    assert capsys.readouterr().out == ""
