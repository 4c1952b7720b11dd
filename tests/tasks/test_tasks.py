"""The contract of every registered task; a new one is covered by being registered."""

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


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", TASKS)
def test_a_batch_has_the_sizes_that_its_task_says(name, split):
    task = task_of(name)
    inputs, targets, mask = task.batch(split, 0, 0, 3)
    assert inputs.dtype == np.float32
    assert inputs.shape[0] == targets.shape[0] == 3
    assert inputs.shape[-1] == task.input_size
    if task.output == "bits":
        assert targets.shape[-1] == task.output_size
        assert inputs.shape[:2] == targets.shape[:2] == mask.shape
        assert set(np.unique(targets)) <= {0, 1}
        assert set(np.unique(mask)) <= {0, 1}
    else:
        assert task.output == "classes"
        assert mask is None
        assert targets.shape == (3,)
        assert ((targets >= 0) & (targets < task.output_size)).all()


@pytest.mark.parametrize("name", TASKS)
def test_the_recipe_of_a_task_is_accepted(name):
    from keras_s4ntm.recipe import Recipe

    recipe = Recipe(**TASKS[name].recipe)
    assert recipe.steps % recipe.steps_per_epoch == 0
