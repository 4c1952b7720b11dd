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


@pytest.mark.once
def test_every_folder_with_code_is_a_declared_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent for path in modules(*FOLDERS)}
    names = {str(folder.relative_to(ROOT)).replace("/", ".") for folder in folders}
    moved = {folder: package for package, folder in settings["package-dir"].items()}
    assert {moved.get(name, name) for name in names} == set(settings["packages"])
    assert all((folder / "__init__.py").is_file() for folder in folders)


# Which part knows which.


@pytest.mark.once
@pytest.mark.parametrize("path", modules("keras_s4ntm"), ids=short)
def test_the_library_imports_no_command_line_and_but_for_the_experiment_no_tasks(path):
    forbidden = ["keras_s4ntm.cli", "click"]
    if short(path) != "keras_s4ntm/experiment.py":
        forbidden.append("keras_s4ntm.tasks")
    assert not [name for name in imports(path) if name.startswith(tuple(forbidden))]


@pytest.mark.once
@pytest.mark.parametrize("path", modules("tasks"), ids=short)
def test_tasks_know_no_model_and_no_framework(path):
    for name in imports(path):
        assert name.split(".")[0] not in FRAMEWORKS
        if name.startswith("keras_s4ntm."):
            known = ("keras_s4ntm.tasks", "keras_s4ntm.errors", "keras_s4ntm.registry")
            assert name.startswith(known)


@pytest.mark.once
@pytest.mark.parametrize("path", modules("keras_s4ntm/ops"), ids=short)
def test_equations_use_keras_ops_and_numpy_only(path):
    allowed = {"functools", "keras", "keras_s4ntm", "math", "numpy", "typing"}
    own = (
        "keras_s4ntm.ops",
        "keras_s4ntm.conventions",
        "keras_s4ntm.backend.fourier",
        "keras_s4ntm.backend.exporting",
        "keras_s4ntm.backend.recompute",
        "keras_s4ntm.backend.time_loop",
    )
    for name in imports(path):
        assert name.split(".")[0] in allowed
        if name.startswith("keras_s4ntm."):
            assert name.startswith(own)
    assert "backend()" not in path.read_text()


@pytest.mark.once
@pytest.mark.parametrize("path", modules("keras_s4ntm/layers", "keras_s4ntm/models"), ids=short)
def test_layers_and_models_know_nothing_of_training(path):
    above = (
        "analysis",
        "benchmark",
        "data",
        "evaluation",
        "experiment",
        "presets",
        "runs",
        "training",
    )
    forbidden = tuple(f"keras_s4ntm.{part}" for part in above)
    assert not [name for name in imports(path) if name.startswith(forbidden)]


PRIVATE = {  # what other packages do not promise to keep; see `may_be_missing`
    "keras.src.backend.common.variables.AutocastScope": "recompute",
    "keras.src.backend.common.variables.get_autocast_scope": "recompute",
    "keras.src.backend.rnn": "time_loop",
    "keras.src.saving.serialization_lib.tf": "private",
    "torch._inductor.compile": "torch_loop",
    "torch._inductor.cpp_builder.get_cpp_compiler": "torch_loop",
    "torch._inductor.exc.InvalidCxxCompiler": "torch_loop",
    "torch.fx.experimental.proxy_tensor.get_proxy_mode": "fast_access",
    "torch.fx.experimental.proxy_tensor.make_fx": "torch_loop",
}
PRIVATE_WORDS = ("src", "experimental", "python")


def is_private(word):
    return word in PRIVATE_WORDS or (word.startswith("_") and not word.startswith("__"))


@pytest.mark.once
def test_what_is_private_in_other_packages_is_imported_in_one_place_each():
    found = []
    for path in modules(*FOLDERS):
        names = set(imports(path))
        found += [
            (name, short(path))
            for name in names
            if any(map(is_private, name.split(".")))
            and not any(other.startswith(f"{name}.") for other in names)
        ]
    places = {name: f"keras_s4ntm/backend/{file}.py" for name, file in PRIVATE.items()}
    assert sorted(found) == sorted(places.items())


@pytest.mark.once
@pytest.mark.parametrize("path", modules(*FOLDERS), ids=short)
def test_no_private_attribute_but_a_files_own_is_used(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    own = {node.attr for node in attributes if isinstance(node.ctx, ast.Store)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    own |= {"_asdict", "_fields", "_replace"}  # of a NamedTuple, documented
    assert not {node.attr for node in attributes if is_private(node.attr)} - own


# What is loaded when.


@pytest.mark.once
def test_what_names_and_checks_things_loads_no_framework():
    groups = [p for p in modules("keras_s4ntm/layers") if p.name == "arguments.py"]
    assert len(groups) == 9
    names = [
        "keras_s4ntm." + short(p.with_suffix("")).split("/", 1)[1].replace("/", ".") for p in groups
    ]
    names += [
        f"keras_s4ntm.{part}"
        for part in (
            "analysis.algorithm",
            "analysis.answers",
            "analysis.contributions",
            "analysis.interventions",
            "analysis.measures",
            "analysis.report.content",
            "analysis.report.writing",
            "analysis.trace_file",
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


@pytest.mark.once
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["predict", "--help"],
        ["trace", "--help"],
        ["plot", "--help"],
        ["analyze", "--help"],
        ["report", "--help"],
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
def test_a_model_is_made_trained_saved_and_loaded_without_tensorflow(tmp_path):
    run(
        "import sys\n"
        "from keras_s4ntm.experiment import Experiment\n"
        "from keras_s4ntm.runs import Run, load_run\n"
        "from keras_s4ntm.training.fit import train\n"
        "values = {'units': 4, 'memory_size': 8, 'steps': 2, 'validation_sequences': 2}\n"
        "experiment = Experiment.choose('copy', 'ntm', values)\n"
        f"run = Run.create({str(tmp_path / 'run')!r}, experiment)\n"
        "train(run, experiment.build_model())\n"
        "load_run(run.path)\n"
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


@pytest.mark.once
def test_no_file_uses_a_retired_word():
    found = {
        (short(path), word)
        for path in modules(*FOLDERS)
        for word in RETIRED
        if re.search(rf"\b{word}", path.read_text(), re.IGNORECASE)
    }
    assert not found


@pytest.mark.once
def test_no_file_is_longer_than_300_lines():
    lengths = {short(path): len(path.read_text().splitlines()) for path in modules(*FOLDERS)}
    assert not {path: length for path, length in lengths.items() if length > 300}


@pytest.mark.once
def test_every_document_that_a_file_refers_to_is_there():
    named = {
        document
        for path in modules(*FOLDERS)
        for document in re.findall(r"docs/[\w-]+\.md", path.read_text())
    }
    assert not {document for document in named if not (ROOT / document).is_file()}
