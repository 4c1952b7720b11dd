"""The configuration of a training: what is accepted, and what follows from it."""

import dataclasses
import math

import pytest

from keras_s4ntm.training.configuration import TrainingConfig

pytestmark = pytest.mark.once

COUNTS = (
    "steps",
    "batch_size",
    "report_interval",
    "validation_interval",
    "checkpoint_interval",
    "validation_sequences",
    "patience",
)
POSITIVE = ("learning_rate", "epsilon", "clip_norm", "minutes", "solved_loss")
NOT_NEGATIVE = ("warmup_steps", "weight_decay")


def test_every_number_is_checked():
    names = {field.name for field in dataclasses.fields(TrainingConfig)}
    assert names == {*COUNTS, *POSITIVE, *NOT_NEGATIVE, "curriculum"}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        *((name, value, "a positive integer") for name in COUNTS for value in (0, -1, 1.5, True)),
        *((n, v, "must be positive") for n in POSITIVE for v in (0, -1.0, math.inf, math.nan)),
        *((n, v, "must not be negative") for n in NOT_NEGATIVE for v in (-1, math.inf, math.nan)),
        ("curriculum", "steep", "must be one of 'none', 'uniform', 'look-back'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_name(name, value, sentence):
    with pytest.raises(ValueError, match=f"{name} .*{sentence}"):
        TrainingConfig(**{name: value})


def test_the_defaults_are_what_is_usual_where_nothing_is_tuned():
    config = TrainingConfig()
    assert (config.epsilon, config.clip_norm, config.weight_decay) == (1e-7, 1.0, 0.0)
    assert config.solved_loss is config.minutes is None
    assert config.curriculum == "none"


def test_an_epoch_is_the_longest_that_fits_into_every_interval():
    config = TrainingConfig(
        steps=120, report_interval=30, validation_interval=40, checkpoint_interval=60
    )
    assert config.steps_per_epoch == 10
    assert dataclasses.replace(config, steps=127).steps_per_epoch == 10  # the last one has 7
    assert dataclasses.replace(config, steps=7).steps_per_epoch == 7
