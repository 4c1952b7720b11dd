"""What is installed, and what is loaded when."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[1]


def modules(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path):
    """Names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_every_folder_with_code_is_a_declared_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent for path in modules("keras_s4ntm", "cli", "tasks")}
    names = {str(folder.relative_to(ROOT)).replace("/", ".") for folder in folders}
    moved = {folder: package for package, folder in settings["package-dir"].items()}
    assert {moved.get(name, name) for name in names} == set(settings["packages"])


@pytest.mark.parametrize("path", modules("keras_s4ntm"), ids=lambda p: p.name)
def test_the_library_imports_neither_tasks_nor_command_line(path):
    forbidden = ("keras_s4ntm.tasks", "keras_s4ntm.cli")
    assert not [name for name in imports(path) if name.startswith(forbidden)]


@pytest.mark.parametrize("path", modules("tasks"), ids=lambda p: p.name)
def test_tasks_know_no_model_and_no_framework(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("keras", "tensorflow", "torch", "jax")
        if name.startswith("keras_s4ntm"):
            assert name.startswith(("keras_s4ntm.tasks", "keras_s4ntm.errors"))


@pytest.mark.parametrize("path", modules("keras_s4ntm/ops"), ids=lambda p: p.name)
def test_equations_use_keras_ops_and_numpy_only(path):
    allowed = {"keras", "numpy", "math", "typing", "keras_s4ntm"}
    assert {name.split(".")[0] for name in imports(path)} <= allowed
    assert "backend" not in path.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["bench", "--help"],
        ["list", "models"],
        ["train", "coppy"],
        ["bench", "--models", "ntmm"],
    ],
    ids=str,
)
def test_help_lists_and_mistyped_names_answer_before_a_framework_is_loaded(arguments):
    script = (
        "import sys\n"
        "from keras_s4ntm.cli.main import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "assert not {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
        f"assert '--help' not in {arguments!r} or 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="loads nothing else anyway")
def test_a_model_is_made_and_trained_without_tensorflow():
    script = (
        "import sys\n"
        "from keras_s4ntm.batches import Batches\n"
        "from keras_s4ntm.cli.common import build_or_refuse\n"
        "from keras_s4ntm.recipe import Recipe\n"
        "from keras_s4ntm.tasks import Copy\n"
        "from keras_s4ntm.training import compile_model\n"
        "task = Copy()\n"
        "model = build_or_refuse('lstm', task, {'units': 4})\n"
        "compile_model(model, task, Recipe())\n"
        "model.fit(Batches(task, 'train', seed=0, batch_size=2, count=1), verbose=0)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
