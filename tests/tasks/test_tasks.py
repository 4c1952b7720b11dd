"""The contract of every registered task; a new one is covered by being registered."""

import dataclasses

import numpy as np
import pytest
from helpers import task_of

from keras_s4ntm import tasks
from keras_s4ntm.registry import Registry
from keras_s4ntm.tasks import TASKS, Copy, Task, register_task
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
    if task.target_kind == "classes":
        assert mask is None
        assert targets.shape == (batch_size,)
        assert ((targets >= 0) & (targets < task.output_size)).all()
        return
    assert mask.dtype == np.float32
    assert mask.shape == inputs.shape[:2]
    assert set(np.unique(mask)) <= {0, 1}
    assert mask.any(axis=1).all()  # every sequence asks for something
    if task.target_kind == "bits":
        assert targets.dtype == np.float32
        assert targets.shape == (*mask.shape, task.output_size)
        assert set(np.unique(targets)) <= {0, 1}
    elif task.target_kind == "values":
        assert targets.dtype == np.float32
        assert targets.shape == (*mask.shape, task.output_size)
        assert np.isfinite(targets).all()
    else:
        assert task.target_kind == "tokens"
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


@dataclasses.dataclass(frozen=True)
class Echo(Task):
    """A task of another package."""

    echo_delay: int = 1

    name = "echo"
    summary = "Repeat the input."
    target_kind = "bits"


class Undecorated(Echo):
    name = "undecorated"


@dataclasses.dataclass(frozen=True)
class WithoutSummary(Task):
    name = "without-summary"
    target_kind = "bits"


@dataclasses.dataclass(frozen=True)
class SameName(Copy):
    pass


@dataclasses.dataclass(frozen=True)
class NameOfAModelParameter(Echo):
    model_parameter: int = 1

    name = "name-of-a-model-parameter"


@pytest.fixture
def registry(monkeypatch):
    """A registry beside that of the package: `copy` is a task, `model_parameter` of a model."""
    monkeypatch.setattr("keras_s4ntm.registry._parameter_names", {})
    monkeypatch.setattr(tasks, "TASKS", Registry("task"))
    Registry("model").add("some-model", object(), ["model_parameter"])
    register_task(Copy)
    return tasks.TASKS


def test_a_registered_task_is_found_by_its_name(registry):
    assert register_task(Echo) is Echo
    assert registry["echo"] is Echo
    assert list(registry) == ["copy", "echo"]


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (Echo(), TypeError, "A task is a subclass of Task"),
        (dict, TypeError, "A task is a subclass of Task"),
        (Undecorated, TypeError, "Undecorated is not a dataclass"),
        (WithoutSummary, TypeError, "lacks the class attribute 'summary'"),
        (SameName, ValueError, "a task 'copy' already"),
        (NameOfAModelParameter, ValueError, "both have a parameter 'model_parameter'"),
    ],
    ids=str,
)
def test_what_is_no_task_is_not_registered(registry, task, error, message):
    with pytest.raises(error, match=message):
        register_task(task)
    assert list(registry) == ["copy"]
