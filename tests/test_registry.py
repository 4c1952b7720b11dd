"""Tasks and models by name: what is refused, and how other packages add theirs."""

import inspect
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
from registries import own_registries

import keras_s4ntm
from keras_s4ntm import registry
from keras_s4ntm.errors import PluginError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS, register_model
from keras_s4ntm.registry import Registry
from keras_s4ntm.tasks import BUILT_IN, TASKS, Copy, Task, register_task

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def registries():
    with own_registries():
        yield


def a_task(**fields):
    """A new task with these fields, all integers."""
    names = {"name": "new-task", "summary": "A new task.", "target_kind": "bits"}
    annotations = dict.fromkeys(fields, int)
    return dataclass(frozen=True)(
        type("NewTask", (Task,), {**names, **fields, "__annotations__": annotations})
    )


def a_model(parameter):
    """A function of a new model with this hyperparameter, an integer."""

    def build(sizes, **hyperparameters):
        """A new model."""

    build.__signature__ = inspect.Signature(
        [inspect.Parameter(parameter, inspect.Parameter.KEYWORD_ONLY, annotation=int, default=3)]
    )
    return build


# Names.


def test_a_name_that_is_taken_is_refused_and_the_first_entry_stays():
    colors = Registry("color")
    colors.add("red", 1, ())
    with pytest.raises(ValueError, match=r"There is a color 'red' already. Choose another name."):
        colors.add("red", 2, ())
    assert dict(colors) == {"red": 1}

    with pytest.raises(ValueError, match="There is a task 'copy' already"):
        register_task(Copy)
    assert TASKS["copy"] is Copy
    before = MODELS["ntm"]
    with pytest.raises(ValueError, match="There is a model 'ntm' already"):
        register_model("ntm")(a_model("width"))
    assert MODELS["ntm"] is before


def test_a_registry_is_read_only_and_in_the_order_of_registration():
    assert list(TASKS) == [task.name for task in BUILT_IN]
    assert len(TASKS) == len(BUILT_IN)
    assert "copy" in TASKS
    assert "coppy" not in TASKS
    with pytest.raises(TypeError):
        TASKS["copy"] = None


# Parameters: a name alone says whose parameter it is.


@pytest.mark.parametrize(
    ("field", "other"),
    [("memory_size", "the model 'dnc'"), ("batch_size", "the training 'training'")],
)
def test_a_task_with_a_parameter_of_a_model_or_of_training_is_refused_and_both_are_named(
    field, other
):
    with pytest.raises(ValueError, match=f"both have a parameter '{field}'") as error:
        register_task(a_task(**{field: 3}))
    assert "The task 'new-task'" in str(error.value)
    assert other in str(error.value)
    assert "new-task" not in TASKS
    assert register_task(a_task(depth=3)) is TASKS["new-task"]  # a refused one leaves nothing


@pytest.mark.parametrize(
    ("parameter", "other"),
    [("max_length", "the task 'copy'"), ("patience", "the training 'training'")],
)
def test_a_model_with_a_parameter_of_a_task_or_of_training_is_refused_and_both_are_named(
    parameter, other
):
    sentence = f"The model 'new-model' and {other} both have a parameter '{parameter}'"
    with pytest.raises(ValueError, match=sentence):
        register_model("new-model")(a_model(parameter))
    assert "new-model" not in MODELS


def test_two_of_a_kind_may_share_a_parameter():
    register_task(a_task(max_length=3))
    assert TASKS["new-task"]().max_length == 3


def test_a_task_must_be_a_dataclass_with_a_name_a_summary_and_a_kind_of_targets():
    with pytest.raises(TypeError, match="subclass of Task, got <class 'int'>"):
        register_task(int)
    with pytest.raises(TypeError, match="Bare is not a dataclass"):
        register_task(type("Bare", (Copy,), {"name": "bare"}))
    with pytest.raises(TypeError, match="lacks the class attribute 'summary'"):
        register_task(dataclass(frozen=True)(type("Short", (Task,), {"name": "short"})))


# Plugins: what other packages add.

TASK_OF_A_PLUGIN = """
from dataclasses import dataclass
from keras_s4ntm.tasks import TASKS, Copy, register_task

assert "copy" in TASKS  # looks a name up itself

@register_task
@dataclass(frozen=True)
class Echo(Copy):
    delay: int = 3

    name = "echo"
    summary = "Of another package."
"""
MODEL_OF_A_PLUGIN = """
from keras_s4ntm import register_model, register_preset

@register_model("shouting")
def shouting(sizes, *, volume: float = 1.0):
    "Of another package."

register_preset("shouting", "copy", {"volume": (3.0, "Copy is hard of hearing.")})
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that installs a package with one module, and names it as a plugin."""
    monkeypatch.setattr(registry, "_plugins_are_loaded", False)
    monkeypatch.syspath_prepend(tmp_path)
    installed = []

    def install(package, module, code):
        (tmp_path / f"{module}.py").write_text(code)
        information = tmp_path / f"{package.replace('-', '_')}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (information / "entry_points.txt").write_text(f"[{registry.PLUGINS}]\nit = {module}\n")
        installed.append(module)

    yield install
    for module in installed:
        sys.modules.pop(module, None)


def test_tasks_and_models_of_other_packages_are_loaded_at_the_first_look_up_and_once(install):
    install("our-tasks", "our_tasks_plugin", TASK_OF_A_PLUGIN)
    install("our-models", "our_models_plugin", MODEL_OF_A_PLUGIN)
    assert "our_tasks_plugin" not in sys.modules
    assert "echo" in TASKS
    assert {"our_tasks_plugin", "our_models_plugin"} <= set(sys.modules)
    assert "shouting" in MODELS

    experiment = Experiment.choose("echo", "shouting", {"delay": "4", "bits": 2, "volume": 2})
    assert (experiment.task.delay, experiment.task.bits) == (4, 2)
    assert experiment.hyperparameters == {"volume": 2.0}
    assert Experiment.choose("copy", "shouting").hyperparameters == {"volume": 3.0}

    for name in ("our_tasks_plugin", "our_models_plugin"):
        del sys.modules[name]  # a second import would register the names again, and fail
    assert len(TASKS) == len(BUILT_IN) + 1
    assert "shouting" in MODELS
    assert "our_tasks_plugin" not in sys.modules


@pytest.mark.parametrize("registry_of", ["tasks import TASKS", "models import MODELS"])
def test_it_is_the_plugin_that_is_refused_whatever_was_imported_before_the_first_look_up(
    install, tmp_path, registry_of
):
    code = TASK_OF_A_PLUGIN.replace("delay", "memory_size")
    install("broken-tasks", "broken_tasks_plugin", code)
    script = f"from keras_s4ntm.{registry_of} as REGISTRY\nlist(REGISTRY)"
    process = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    last_line = process.stderr.splitlines()[-1]
    assert last_line.startswith("keras_s4ntm.errors.PluginError: The plugin 'broken_tasks_plugin'")
    assert "both have a parameter 'memory_size'" in last_line


@pytest.mark.parametrize("look_up", [lambda: "copy" in TASKS, lambda: list(MODELS)])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import a_module_that_there_is_not", "No module named 'a_module_that_there_is_not'"),
        ("1 / 0", "division by zero"),
        (TASK_OF_A_PLUGIN.replace('"echo"', '"copy"'), "There is a task 'copy' already"),
        (TASK_OF_A_PLUGIN.replace("delay", "memory_size"), "both have a parameter 'memory_size'"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_with_its_package_and_the_reason(
    install, look_up, code, reason
):
    install("broken-tasks", "broken_tasks_plugin", code)
    with pytest.raises(PluginError) as error:
        look_up()
    assert "The plugin 'broken_tasks_plugin' of broken-tasks cannot be loaded" in str(error.value)
    assert reason in str(error.value)
    assert "uninstall it" in str(error.value)


def test_the_names_of_the_package_lead_to_the_registries():
    assert keras_s4ntm.register_task is register_task
    assert keras_s4ntm.register_model is register_model
    assert set(keras_s4ntm.__all__) <= set(dir(keras_s4ntm))
    with pytest.raises(AttributeError, match="'keras_s4ntm' has no attribute 'register_tusk'"):
        keras_s4ntm.register_tusk  # noqa: B018
