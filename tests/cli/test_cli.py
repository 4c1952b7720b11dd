"""The command line in this process: what it accepts, what it refuses, what it prints."""

import contextlib
import io
import json
import shutil
import typing
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_s4ntm.cli.main import main
from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import parameters_of
from keras_s4ntm.recipe import Recipe
from keras_s4ntm.tasks import TASKS

BACKEND = keras.backend.backend()
TINY = ["-p", "max_length=3", "-p", "bits=2", "-p", "memory_size=8", "-p", "units=8"]
QUICK = ["--steps", "4", "--report-interval", "2", "--validation-interval", "2"]


def run_cli(*arguments):
    """Exit code of `s4ntm ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main([str(a) for a in arguments])
    return exit.value.code


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What a training of a few steps prints with --json."""
    path = tmp_path_factory.mktemp("runs") / "run"
    arguments = [*TINY, *QUICK, "--run-dir", path, "--backend", BACKEND, "--json", "--seed", "3"]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        assert run_cli("train", "copy", "--model", "ntm", *arguments) == 0
    return output.getvalue()


@pytest.fixture(scope="module")
def trained(printed):
    """The run of this training."""
    return Path(json.loads(printed)["run"])


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run that a test may damage."""
    return shutil.copytree(trained, tmp_path / "run")


# What it does


def test_train_leaves_a_run_directory_that_says_how_to_rebuild_it(trained):
    config = json.loads((trained / "config.json").read_text())
    assert config["task"] == {
        "name": "copy",
        "parameters": {"bits": 2, "min_length": 1, "max_length": 3, "silence": 0.3},
    }
    assert config["model"]["parameters"]["memory_size"] == 8
    assert config["model"]["parameters"]["memory_width"] == 20  # defaults are written down too
    assert config["training"]["steps"] == 4
    assert config["seed"] == 3
    assert config["backend"] == BACKEND
    assert (trained / "model.keras").is_file()
    history = json.loads((trained / "history.json").read_text())
    assert [record["step"] for record in history] == [2, 4]
    assert {"loss", "bit_errors", "val_loss", "val_bit_errors"} <= set(history[-1])


def test_train_json_prints_one_object_and_nothing_else(printed):
    summary = json.loads(printed)
    assert (summary["task"], summary["model"], summary["backend"]) == ("copy", "ntm", BACKEND)
    assert (summary["seed"], summary["steps"]) == (3, 4)
    assert [row["length"] for row in summary["results"]] == [3, 6, 9, 15, 18]


def test_evaluate_json_has_the_documented_keys_and_is_deterministic(trained, capfd):
    arguments = ["evaluate", trained, "--lengths", "3,5", "--sequences", "7", "--json"]
    printed = []
    for _ in range(2):
        assert run_cli(*arguments) == 0
        printed.append(capfd.readouterr().out)
    assert printed[0] == printed[1]
    summary = json.loads(printed[0])
    assert set(summary) == {"task", "model", "backend", "results"}
    assert [row["length"] for row in summary["results"]] == [3, 5]
    for row in summary["results"]:
        assert set(row) == {
            "length",
            "bits_per_sequence",
            "bit_error_rate",
            "sequence_accuracy",
            "sequences",
        }
        assert row["sequences"] == 7
        assert row["bits_per_sequence"] == pytest.approx(row["bit_error_rate"] * 2 * row["length"])


def test_evaluate_prints_a_table(trained, capfd):
    assert run_cli("evaluate", trained, "--lengths", "3", "--sequences", "5") == 0
    assert "bits per sequence" in capfd.readouterr().out


def test_resuming_a_finished_run_only_evaluates_it(run, capfd):
    before = (run / "model.keras").read_bytes()
    assert run_cli("train", "--resume", run, "--json") == 0
    assert json.loads(capfd.readouterr().out)["steps"] == 4
    assert (run / "model.keras").read_bytes() == before


def test_build_prints_parameters_and_writes_a_keras_file(tmp_path, capfd):
    output = tmp_path / "ntm.keras"
    assert run_cli("build", "--model", "ntm", *TINY, "--output", output, "--json") == 0
    summary = json.loads(capfd.readouterr().out)
    assert summary["inputs"] == [None, None, 4]
    assert summary["outputs"] == [None, None, 2]
    model = keras.models.load_model(output)
    assert model.count_params() == summary["parameters"]
    assert sum(int(np.prod(s)) for s in summary["weights"].values()) == summary["parameters"]
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize(("what", "registry"), [("tasks", TASKS), ("models", MODELS)])
def test_list_names_everything_in_the_registry(what, registry, capfd):
    assert run_cli("list", what) == 0
    printed = capfd.readouterr().out
    assert run_cli("list", what, "--json") == 0
    assert set(json.loads(capfd.readouterr().out)) == set(registry)
    for name in registry:
        assert name in printed


# What it refuses: one sentence, exit code 2 for usage and 1 for failure, no traceback


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["train", "copi"], 2, "Unknown task 'copi'. Did you mean 'copy'?"),
        (["train"], 2, "Which TASK?"),
        (["train", "copy", "--model", "ntmm"], 2, "Unknown model 'ntmm'. Did you mean 'ntm'?"),
        (["train", "copy", "-p", "memory_sze=9"], 2, "Did you mean 'memory_size'?"),
        (["train", "copy", "-p", "memory_size"], 2, "-p takes name=value"),
        (["train", "copy", "-p", "memory_size=lots"], 2, "memory_size must be an integer"),
        (["train", "copy", "-p", "memory_size=0"], 2, "memory_size must be a positive integer"),
        (["train", "copy", "-p", "shift_range=64"], 2, "shift_range of at most 63"),
        (
            ["train", "copy", "--model", "ntm", "-p", "controller=gru"],
            2,
            "controller must be one of",
        ),
        (["train", "copy", "-p", "max_length=-3"], 2, "max_length must be at least 1, got -3"),
        (["train", "copy", "-p", "learning_rate=-1"], 2, "learning_rate must be positive"),
        (["train", "copy", "--steps", "0"], 2, "--steps"),
        (["train", "copy", "--backend", "tensorflw"], 2, "Did you mean 'tensorflow'?"),
        (["train", "copy", "--resume", "x"], 2, "--resume goes on with a run as it was"),
        (["train", "--resume", "nowhere"], 1, "nowhere is not a run directory"),
        (["evaluate", "nowhere"], 1, "nowhere is not a run directory"),
        (["export", "nowhere"], 1, "nowhere is not a run directory"),
        (["build", "--model", "ntmm"], 2, "Did you mean 'ntm'?"),
        (["build", "--output", "model.h5"], 2, "must end in .keras"),
        (["tran"], 2, "No such command 'tran'"),
        (["list", "colours"], 2, "colours"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_sentence(
    tmp_path, monkeypatch, capfd, arguments, code, sentence
):
    monkeypatch.chdir(tmp_path)
    assert run_cli(*arguments) == code
    printed = capfd.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []  # nothing was begun


# What no parameter of a type can mean; text that is no number, numbers that are too small or none.
IMPOSSIBLE = {int: ("many", "-1"), float: ("many", "-1", "nan"), bool: ("maybe",), str: ("nosuch",)}
PARAMETERS = {
    **{f"--model {name}": model.parameters for name, model in MODELS.items()},
    **{f"--task {name}": parameters_of(task) for name, task in TASKS.items()},
    "--seed 0": parameters_of(Recipe),
}


@pytest.mark.parametrize("entry", PARAMETERS)
def test_every_parameter_refuses_by_name_what_it_cannot_mean(capfd, entry):
    for name, (annotation, _) in PARAMETERS[entry].items():
        kind = (typing.get_args(annotation) or (annotation,))[0]
        for value in IMPOSSIBLE[kind]:
            assert run_cli("build", *entry.split(), "-p", f"{name}={value}") == 2, (name, value)
            printed = capfd.readouterr()
            assert name in printed.err, (name, value)
            assert "Traceback" not in printed.err
            assert printed.out == ""


@pytest.mark.parametrize("lengths", ["0", "-5", "20,x", ""])
def test_lengths_that_are_none_are_refused(trained, capfd, lengths):
    assert run_cli("evaluate", trained, "--lengths", lengths) == 2
    assert "positive integers" in capfd.readouterr().err


def test_a_run_directory_that_exists_is_never_overwritten(run, capfd):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    assert run_cli("train", "copy", *TINY, *QUICK, "--run-dir", run) == 1
    assert "exists already" in capfd.readouterr().err
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_a_backend_that_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch, capfd
):
    monkeypatch.setattr("keras_s4ntm.cli.common.installed", lambda name: name == BACKEND)
    missing = "jax" if BACKEND != "jax" else "torch"
    assert run_cli("train", "copy", "--backend", missing) == 1
    assert f"pip install 'keras-s4ntm[{missing}]'" in capfd.readouterr().err


@pytest.mark.parametrize("file", ["config.json", "history.json", "model.keras"])
def test_a_damaged_file_of_a_run_is_named(run, capfd, file):
    (run / file).write_bytes((run / file).read_bytes()[:40])
    command = ["train", "--resume"] if file == "history.json" else ["evaluate"]
    assert run_cli(*command, run) == 1
    printed = capfd.readouterr().err
    assert str(run / file) in printed
    assert "Traceback" not in printed


def test_divergence_stops_says_at_which_step_and_keeps_the_last_good_checkpoint(
    tmp_path, monkeypatch, capfd
):
    from keras_s4ntm.tasks import Copy

    batch = Copy.batch

    def poisoned(self, split, seed, index, batch_size):
        result = batch(self, split, seed, index, batch_size)
        if (split, index) == ("train", 3):
            result.inputs[:] = np.nan
        return result

    monkeypatch.setattr(Copy, "batch", poisoned)
    path = tmp_path / "run"
    arguments = [*TINY, "--steps", "8", "--report-interval", "2", "--checkpoint-interval", "2"]
    assert run_cli("train", "copy", *arguments, "--run-dir", path) == 1
    printed = capfd.readouterr().err
    assert "not a finite number at step 4" in printed
    assert "epoch-00001.weights.h5" in printed
    assert "Traceback" not in printed
    monkeypatch.undo()
    assert run_cli("evaluate", path, "--lengths", "2", "--sequences", "3") == 0


def test_debug_shows_the_traceback(capfd):
    from keras_s4ntm.errors import RunError

    with pytest.raises(RunError):
        main(["evaluate", "nowhere", "--debug"])


# A run from a stranger is data


def test_nothing_in_a_strangers_model_file_is_executed_or_unpacked_elsewhere(run, tmp_path, capfd):
    planted = tmp_path / "planted"
    path = str(planted)
    evil = keras.layers.Lambda(lambda x: (open(path, "w").close(), x)[1], output_shape=(None, 4))
    model = keras.Sequential([keras.Input((None, 4)), evil, keras.layers.Dense(2)])
    model.save(run / "model.keras")
    with zipfile.ZipFile(run / "model.keras", "a") as archive:
        archive.writestr("../planted", "outside")
    planted.unlink(missing_ok=True)
    assert run_cli("evaluate", run) == 1
    assert "model.keras is damaged or is not this run's model" in capfd.readouterr().err
    assert not planted.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"task": {"name": "../../copy", "parameters": {}}},
        {"model": {"name": "os.system", "parameters": {}}},
        {"model": {"name": "ntm", "parameters": {"controller": {"class_name": "Lambda"}}}},
        {"backend": "../tensorflow"},
        {"seed": "__import__('os')"},
        {"checkpoints": "/etc"},
    ],
    ids=str,
)
def test_a_strangers_config_reaches_only_registered_names_and_its_own_directory(run, capfd, change):
    path = run / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert run_cli("evaluate", run) == 1
    printed = capfd.readouterr().err
    assert str(path) in printed
    assert "Traceback" not in printed
