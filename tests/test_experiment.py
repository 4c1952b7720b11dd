"""Experiments: of a user's values, a preset and defaults the first that there is counts."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
from helpers import numpy, small
from registries import own_registries

from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import ParameterError
from keras_s4ntm.presets import PRESETS
from keras_s4ntm.tasks import TASKS, Copy
from keras_s4ntm.training.configuration import TrainingConfig

PAIRS = list(itertools.product(MODELS, TASKS))


# Precedence: what the user gives, then the preset, then the default.


def of_the_task(experiment):
    return experiment.task.zero_vectors


def of_the_model(experiment):
    return experiment.hyperparameters["head_noise"]


def of_training(experiment):
    return experiment.training.clip_norm


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "read", "preset", "default"),
    [
        ("zero_vectors", of_the_task, 0.3, 0.0),
        ("head_noise", of_the_model, 0.25, 0.0),
        ("clip_norm", of_training, 0.3, 1.0),
    ],
)
def test_the_users_value_comes_before_the_presets_and_that_before_the_default(
    name, read, preset, default
):
    assert PRESETS["ntm", "copy"].values()[name] == preset
    for given in (0.5, "0.5"):
        assert read(Experiment.choose("copy", "ntm", {name: given})) == 0.5
        assert read(Experiment.choose("copy", "ntm", {name: given}, "none")) == 0.5
    assert read(Experiment.choose("copy", "ntm", {name: default})) == default
    assert read(Experiment.choose("copy", "ntm")) == preset
    assert read(Experiment.choose("copy", "ntm", preset="none")) == default


@pytest.mark.once
def test_a_value_of_the_user_leaves_the_other_numbers_of_the_preset_as_they_are():
    chosen = Experiment.choose("copy", "ntm", {"head_noise": 0.5})
    expected = Experiment.choose("copy", "ntm")
    assert chosen.preset == expected.preset == "ntm/copy"
    assert chosen.hyperparameters == {**expected.hyperparameters, "head_noise": 0.5}
    assert (chosen.task, chosen.training) == (expected.task, expected.training)


@pytest.mark.once
@pytest.mark.parametrize(("model", "task"), PAIRS)
def test_without_a_preset_an_experiment_is_exactly_the_defaults(model, task):
    experiment = Experiment.choose(task, model, preset="none")
    assert experiment.preset is None
    assert experiment.task == TASKS[task]()
    assert experiment.training == TrainingConfig()
    assert experiment.hyperparameters == MODELS[model].defaults()


@pytest.mark.parametrize("name", ["ntm", "dnc", "s4d-ntm", "s4d-dnc"])
def test_without_a_preset_a_model_is_made_of_layers_with_their_defaults(name):
    plain = Experiment.choose("copy", name, preset="none").build_model()
    (layer,) = (layer for layer in plain.layers if hasattr(layer, "cell"))
    parts = (layer.cell, layer.cell.access, layer.cell.controller)
    groups = [part.arguments for part in parts if hasattr(part, "arguments")]
    groups.append(getattr(layer.cell, "controller_arguments", None))
    for group in filter(None, groups):
        for field in dataclasses.fields(group):
            if field.name != "direct_inputs":  # no layer has it by default, these two networks do
                assert getattr(group, field.name) == field.default, field.name
    assert layer.cell.arguments.direct_inputs == name.startswith("s4d-")


@pytest.mark.once
def test_a_task_without_a_preset_of_its_own_has_the_defaults():
    with own_registries():
        del PRESETS["ntm", "copy"]
        experiment = Experiment.choose("copy", "ntm")
    assert experiment == Experiment.choose("copy", "ntm", preset="none")


# Presets of other tasks.


@pytest.mark.once
def test_a_borrowed_preset_leaves_out_what_only_its_own_task_has():
    assert "zero_vectors" in PRESETS["s4d-ntm", "copy"].numbers
    borrowed = Experiment.choose("priority-sort", "s4d-ntm", preset="copy")
    own = Experiment.choose("copy", "s4d-ntm")
    assert borrowed.preset == "s4d-ntm/copy"
    assert borrowed.task == TASKS["priority-sort"]()
    assert borrowed.hyperparameters == own.hyperparameters
    assert borrowed.training == own.training


@pytest.mark.once
@pytest.mark.parametrize(("model", "task"), PAIRS)
def test_every_preset_can_be_borrowed_by_every_task(model, task):
    for _, other in (pair for pair in PRESETS if pair[0] == model):
        assert Experiment.choose(task, model, preset=other).preset == f"{model}/{other}"


# What is refused.


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("coppy", "ntm"), "Unknown task 'coppy'. Did you mean 'copy'?"),
        (("copy", "ntn"), "Unknown model 'ntn'. Did you mean 'ntm'?"),
        (("copy", "ntm", {"memory_sise": 3}), "'memory_sise'. Did you mean 'memory_size'?"),
        (("copy", "ntm", {"max_lenght": 3}), "'max_lenght'. Did you mean 'max_length'?"),
        (("copy", "ntm", {"lerning_rate": 1}), "'lerning_rate'. Did you mean 'learning_rate'?"),
        (("copy", "ntm", {"blocks": 3}), "Unknown parameter 'blocks'"),  # another model's
        (("copy", "ntm", {"steps": "many"}), "steps must be an integer, got 'many'"),
        (("copy", "ntm", {"max_length": 0.5}), "max_length must be an integer, got 0.5"),
        (("copy", "ntm", {}, "cpy"), "Unknown preset of ntm 'cpy'. Did you mean 'copy'?"),
    ],
)
def test_an_unknown_name_or_a_value_of_another_type_is_refused(arguments, message):
    with pytest.raises(ParameterError) as error:
        Experiment.choose(*arguments)
    assert message in str(error.value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_length": 0}, "max_length must be at least 1"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"learning_rate": "nan"}, "learning_rate must be positive"),
    ],
)
def test_a_value_that_is_not_accepted_is_refused_before_a_model_is_built(values, message):
    with pytest.raises(ValueError, match=message):
        Experiment.choose("copy", "ntm", values)


# As a dictionary, and back.


@pytest.mark.once
@pytest.mark.parametrize(("model", "task"), PAIRS)
def test_an_experiment_comes_back_from_its_config_as_it_was(model, task):
    for preset in ("auto", "none"):
        experiment = Experiment.choose(task, model, preset=preset, seed=3)
        config = json.loads(json.dumps(experiment.config()))
        assert Experiment.from_config(config) == experiment
        assert Experiment.from_config(config).config() == experiment.config()


def spoiled(owner, **changes):
    """A config with changes in one part of it."""
    config = Experiment.choose("copy", "ntm").config()
    if owner is None:
        return {**config, **changes}
    part = config[owner]
    if "parameters" in part and "name" not in changes:
        changes = {"parameters": {**part["parameters"], **changes}}
    return {**config, owner: {**part, **changes}}


@pytest.mark.once
@pytest.mark.parametrize(
    "config",
    [
        spoiled("task", name="coppy"),
        spoiled("task", bites=8),
        spoiled("task", bits="eight"),
        spoiled("task", bits=0),
        spoiled("model", name="ntn"),
        spoiled("model", memory_sise=8),
        spoiled("model", memory_size=0.5),
        spoiled("training", stepps=8),
        spoiled("training", steps=None),
        spoiled("training", steps=-1),
        spoiled(None, seed=-1),
        spoiled(None, seed="0"),
        spoiled(None, seed=True),
        spoiled(None, preset=3),
        spoiled(None, task=None),
        spoiled(None, model=[]),
        {},
    ],
    ids=str,
)
def test_a_dictionary_that_is_no_experiment_is_refused(config):
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        Experiment.from_config(config)


# What can be done with it.


def test_the_weights_of_a_model_follow_from_the_seed():
    def weights(seed):
        experiment = Experiment.choose("copy", "ntm", small("ntm"), seed=seed)
        return [numpy(w.value) for w in experiment.build_model().trainable_weights]

    first, again, other = weights(3), weights(3), weights(4)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert any((one != another).any() for one, another in zip(first, other, strict=True))


@pytest.mark.once
def test_whether_a_model_is_causal_and_streamable_follows_from_its_hyperparameters():
    for model in MODELS:
        experiment = Experiment.choose("copy", model)
        assert experiment.is_causal
        assert experiment.is_streamable
    after = Experiment.choose("copy", "s4d-ntm", {"access_interval": "sequence"})
    assert not after.is_causal
    assert not after.is_streamable


@pytest.mark.once
def test_an_experiment_keeps_what_it_was_made_of_and_does_not_change():
    experiment = Experiment.choose("copy", "ntm", {"max_length": 7, "minutes": "0.5"}, seed=9)
    assert experiment.task == Copy(max_length=7, zero_vectors=0.3)
    assert experiment.model == "ntm"
    assert experiment.seed == 9
    assert math.isclose(experiment.training.minutes, 0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        experiment.seed = 3
