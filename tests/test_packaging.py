"""What is installed, what is loaded when, and which part of the house knows which."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("keras_s4ntm", "cli", "tasks")
FRAMEWORKS = {"keras", "tensorflow", "torch", "jax"}

once = pytest.mark.skipif(keras.backend.backend() != "torch", reason="touches no tensor: done once")


def modules(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def short(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """Names of the modules that a file imports, anywhere in it.

    Of `from keras_s4ntm import x` both `keras_s4ntm` and `keras_s4ntm.x`.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def run(script):
    """Run a Python script in a fresh process; returns what it prints."""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


# What is installed.


@once
def test_every_folder_with_code_is_a_declared_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent for path in modules(*FOLDERS)}
    names = {str(folder.relative_to(ROOT)).replace("/", ".") for folder in folders}
    moved = {folder: package for package, folder in settings["package-dir"].items()}
    assert {moved.get(name, name) for name in names} == set(settings["packages"])
    assert all((folder / "__init__.py").is_file() for folder in folders)


# Which part knows which.


@once
@pytest.mark.parametrize("path", modules("keras_s4ntm"), ids=short)
def test_the_library_imports_no_command_line_and_but_for_the_experiment_no_tasks(path):
    forbidden = ["keras_s4ntm.cli", "click"]
    if short(path) != "keras_s4ntm/experiment.py":
        forbidden.append("keras_s4ntm.tasks")
    assert not [name for name in imports(path) if name.startswith(tuple(forbidden))]


@once
@pytest.mark.parametrize("path", modules("tasks"), ids=short)
def test_tasks_know_no_model_and_no_framework(path):
    for name in imports(path):
        assert name.split(".")[0] not in FRAMEWORKS
        if name.startswith("keras_s4ntm."):
            known = ("keras_s4ntm.tasks", "keras_s4ntm.errors", "keras_s4ntm.registry")
            assert name.startswith(known)


@once
@pytest.mark.parametrize("path", modules("keras_s4ntm/ops"), ids=short)
def test_equations_use_keras_ops_and_numpy_only(path):
    allowed = {"keras", "numpy", "math", "typing", "keras_s4ntm"}
    own = ("keras_s4ntm.ops", "keras_s4ntm.backend.fourier")
    for name in imports(path):
        assert name.split(".")[0] in allowed
        if name.startswith("keras_s4ntm."):
            assert name.startswith(own)
    assert "backend" not in path.read_text().replace("keras_s4ntm.backend.fourier", "")


@once
@pytest.mark.parametrize("path", modules("keras_s4ntm/layers", "keras_s4ntm/models"), ids=short)
def test_layers_and_models_know_nothing_of_training(path):
    above = ("data", "training", "evaluation", "presets", "experiment", "runs", "benchmark")
    forbidden = tuple(f"keras_s4ntm.{part}" for part in above)
    assert not [name for name in imports(path) if name.startswith(forbidden)]


# What is loaded when.


@once
def test_what_names_and_checks_things_loads_no_framework():
    groups = [p for p in modules("keras_s4ntm/layers") if p.name == "arguments.py"]
    assert len(groups) == 6
    names = [
        "keras_s4ntm." + short(p.with_suffix("")).split("/", 1)[1].replace("/", ".") for p in groups
    ]
    names += [
        f"keras_s4ntm.{part}"
        for part in (
            "backend.names",
            "benchmark.measure",
            "errors",
            "evaluation.comparison",
            "experiment",
            "export",
            "layers",
            "models",
            "parameters",
            "presets",
            "registry",
            "runs",
            "tasks",
            "training.configuration",
            "training.curriculum",
        )
    ]
    run(
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = {FRAMEWORKS!r} & set(sys.modules)\n"
        "    assert not loaded, (name, loaded)\n"
        "from keras_s4ntm.experiment import Experiment\n"
        "from keras_s4ntm.models import MODELS\n"
        "from keras_s4ntm.tasks import TASKS\n"
        "for model in MODELS:\n"
        "    for task in TASKS:\n"
        "        Experiment.choose(task, model)\n"
        f"loaded = {FRAMEWORKS!r} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )


@once
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["bench", "--help"],
        ["list", "models"],
        ["list", "presets"],
        ["train", "coppy"],
        ["bench", "--models", "ntmm"],
    ],
    ids=str,
)
def test_help_lists_and_mistyped_names_answer_before_a_framework_is_loaded(arguments):
    run(
        "import sys\n"
        "from keras_s4ntm.cli.main import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"assert not {FRAMEWORKS!r} & set(sys.modules)\n"
        f"assert '--help' not in {arguments!r} or 'numpy' not in sys.modules\n"
    )


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="loads nothing else anyway")
def test_a_model_is_made_and_trained_without_tensorflow():
    run(
        "import sys\n"
        "from keras_s4ntm.data.batches import Batches\n"
        "from keras_s4ntm.experiment import Experiment\n"
        "from keras_s4ntm.training.fit import compile_model\n"
        "experiment = Experiment.choose('copy', 'lstm', {'units': 4})\n"
        "model = experiment.build_model()\n"
        "compile_model(model, experiment.task, experiment.training)\n"
        "batches = Batches(experiment.task, 'train', seed=0, batch_size=2, count=1)\n"
        "model.fit(batches, verbose=0)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )


def test_importing_the_package_and_compiling_a_model_changes_nothing_of_the_process():
    run(
        "import ctypes, os, signal\n"
        "import keras\n"
        "used = []\n"
        "class Library(ctypes.CDLL):\n"
        "    def __getattr__(self, name):\n"
        "        used.append(name)\n"
        "        return super().__getattr__(name)\n"
        "ctypes.CDLL = Library\n"
        "def settings():\n"
        "    handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]\n"
        "    policy = keras.config.dtype_policy().name, keras.config.floatx()\n"
        "    found = [dict(os.environ), handlers, policy]\n"
        "    if keras.backend.backend() == 'jax':\n"
        "        import jax\n"
        "        found.append(dict(jax.config.values))\n"
        "    return found\n"
        "before = settings()\n"
        "import keras_s4ntm, keras_s4ntm.runs\n"
        "from keras_s4ntm.backend import process, time_loop\n"
        "from keras_s4ntm.experiment import Experiment\n"
        "from keras_s4ntm.training.fit import compile_model\n"
        "for name in keras_s4ntm.__all__:\n"
        "    getattr(keras_s4ntm, name)\n"
        "experiment = Experiment.choose('copy', 'ntm', {'memory_size': 8, 'units': 4})\n"
        "model = experiment.build_model()\n"
        "compile_model(model, experiment.task, experiment.training)\n"
        "assert not time_loop.loops_are_compiled\n"
        "assert 'mallopt' not in used, used\n"
        "assert settings() == before\n"
        "process.keep_freed_memory()\n"
        "assert ('mallopt' in used) == (keras.backend.backend() != 'tensorflow')  # is noticed\n"
    )


# Words and sizes.

RETIRED = (
    "yardstick",
    "recipe",
    "lessons",
    "goodness",
    "silence",
    "forgetful-lstm",
    "keep-walking",
    "README",  # is no place for evidence: that is docs/
)


@once
def test_no_file_uses_a_retired_word():
    found = {
        (short(path), word)
        for path in modules(*FOLDERS)
        for word in RETIRED
        if re.search(rf"\b{word}", path.read_text(), re.IGNORECASE)
    }
    assert not found


@once
def test_no_file_is_longer_than_300_lines():
    lengths = {short(path): len(path.read_text().splitlines()) for path in modules(*FOLDERS)}
    assert not {path: length for path, length in lengths.items() if length > 300}


@once
def test_every_document_that_a_file_refers_to_is_there():
    named = {
        document
        for path in modules(*FOLDERS)
        for document in re.findall(r"docs/[\w-]+\.md", path.read_text())
    }
    assert not {document for document in named if not (ROOT / document).is_file()}
