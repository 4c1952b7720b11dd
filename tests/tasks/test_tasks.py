"""The contract of every registered task; a new one is covered by being registered."""

import dataclasses

import numpy as np
import pytest
from helpers import task_of

from keras_s4ntm.tasks import TASKS
from keras_s4ntm.tasks.base import SPLITS


@pytest.mark.parametrize("name", TASKS)
def test_batches_are_a_pure_function_of_split_seed_and_index(name):
    task = task_of(name)
    first = task.batch("train", seed=1, index=3, batch_size=4)
    again = task.batch("train", 1, 3, 4)
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.targets, again.targets)
    for other in (("validation", 1, 3), ("test", 1, 3), ("train", 0, 3), ("train", 1, 4)):
        assert (task.batch(*other, 4).inputs != first.inputs).any()


def check_batch(task, batch, batch_size):
    inputs, targets, mask = batch
    assert inputs.dtype == np.float32
    assert inputs.shape[0] == targets.shape[0] == batch_size
    assert inputs.shape[-1] == task.input_size
    if task.output == "classes":
        assert mask is None
        assert targets.shape == (batch_size,)
        assert ((targets >= 0) & (targets < task.output_size)).all()
        return
    assert mask.dtype == np.float32
    assert mask.shape == inputs.shape[:2]
    assert set(np.unique(mask)) <= {0, 1}
    assert mask.any(axis=1).all()  # every sequence asks for something
    if task.output == "bits":
        assert targets.dtype == np.float32
        assert targets.shape == (*mask.shape, task.output_size)
        assert set(np.unique(targets)) <= {0, 1}
    else:
        assert task.output == "tokens"
        assert targets.dtype == np.int32
        assert targets.shape == mask.shape
        assert ((targets >= 0) & (targets < task.output_size)).all()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", TASKS)
def test_a_batch_has_the_sizes_that_its_task_says(name, split):
    task = task_of(name)
    check_batch(task, task.batch(split, 0, 0, 3), 3)


@pytest.mark.parametrize("name", TASKS)
def test_the_first_setting_is_that_of_training_and_each_has_its_label(name):
    task = task_of(name)
    settings = task.settings()
    shapes = [task.batch("test", 0, 0, 2).inputs.shape]
    for label, setting in settings:
        batch = setting.batch("test", 0, 0, 2)
        check_batch(setting, batch, 2)
        shapes.append(batch.inputs.shape)
        # A label names fields, or a range of one value: length for min_length and max_length.
        fields = dataclasses.asdict(setting)
        for key, value in label.items():
            assert {fields.get(n, value) for n in (key, f"min_{key}", f"max_{key}")} == {value}
    assert shapes[0] == shapes[1]
    assert len({str(label) for label, _ in settings}) == len(settings)


@pytest.mark.parametrize("name", [n for n, task in TASKS.items() if task().size("test") is None])
def test_settings_are_those_that_are_asked_for(name):
    settings = TASKS[name]().settings([40, 50])
    assert [set(label.values()) & {40, 50} for label, _ in settings] == [{40}, {50}]


@pytest.mark.parametrize("name", TASKS)
def test_the_recipe_of_a_task_is_accepted(name):
    from keras_s4ntm.recipe import Recipe

    recipe = Recipe(**TASKS[name].recipe)
    assert recipe.steps % recipe.steps_per_epoch == 0
