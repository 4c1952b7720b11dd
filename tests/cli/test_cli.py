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

from keras_s4ntm.backend.names import installed_backends
from keras_s4ntm.cli.main import main
from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import parameters_of
from keras_s4ntm.tasks import TASKS
from keras_s4ntm.training.configuration import TrainingConfig

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
        "parameters": {"bits": 2, "min_length": 1, "max_length": 3, "zero_vectors": 0.3},
    }
    assert config["model"]["parameters"]["memory_size"] == 8
    assert config["model"]["parameters"]["memory_width"] == 20  # defaults are written down too
    assert config["model"]["parameters"]["write_shift_bias"] == 3.0  # and the preset's numbers
    assert config["preset"] == "ntm/copy"
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
    assert (summary["seed"], summary["steps"], summary["preset"]) == (3, 4, "ntm/copy")
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


@pytest.mark.once
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
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trained == summary["parameters"]
    everything = sum(int(np.prod(shape)) for shape in summary["weights"].values())
    assert model.count_params() == everything == trained + 8 * 20  # the initial memory is not
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.once
def test_build_says_how_the_model_starts(capfd):
    assert run_cli("build", "--model", "s4d", *TINY[:4], "--preset", "none") == 0
    said = capfd.readouterr().err.splitlines()[0]
    assert said == "copy, s4d: everything starts as in the papers (--preset none)"


@pytest.mark.skipif(BACKEND != "tensorflow", reason="export is done by TensorFlow")
def test_export_names_the_file_and_its_signatures(trained, tmp_path, capfd):
    output = tmp_path / "served"
    assert run_cli("export", trained, "--output", output, "--json") == 0
    result = json.loads(capfd.readouterr().out)
    assert result["max_difference"] < 1e-3
    del result["max_difference"]
    assert result == {
        "output": str(output),
        "format": "saved-model",
        "signatures": ["serve", "step", "initial_state"],
    }
    assert (output / "saved_model.pb").is_file()


# Where a training starts: what the user gives, then the preset, then the default


def config_of(tmp_path, *arguments):
    """`config.json` of a training of two steps."""
    path = tmp_path / "run"
    steps = ["--steps", "2", "-p", "validation_sequences=8"]
    assert run_cli("train", *arguments, *steps, "--run-dir", path, "--backend", BACKEND) == 0
    return json.loads((path / "config.json").read_text())


LSTM = ["copy", "--model", "lstm", "-p", "units=4", "-p", "max_length=2", "-p", "bits=2"]
OF_LSTM = "s4ntm list presets --model lstm --task copy; --preset none starts as the papers do"


@pytest.mark.once
def test_a_training_starts_from_the_preset_and_says_so_first(tmp_path, capfd):
    config = config_of(tmp_path, *LSTM)
    assert config["preset"] == "lstm/copy"
    assert config["task"]["parameters"]["zero_vectors"] == 0.3
    assert config["training"]["epsilon"] == 1e-4
    said = capfd.readouterr().err.splitlines()[0]
    assert said == f"copy, lstm: preset lstm/copy sets 3 numbers ({OF_LSTM})"


@pytest.mark.once
def test_what_the_user_gives_beats_the_preset(tmp_path, capfd):
    config = config_of(tmp_path, *LSTM, "-p", "zero_vectors=0.1", "-p", "solved_loss=none")
    assert config["preset"] == "lstm/copy"
    assert config["task"]["parameters"]["zero_vectors"] == 0.1
    assert config["training"]["solved_loss"] is None
    assert config["training"]["epsilon"] == 1e-4  # the preset's
    assert config["training"]["warmup_steps"] == 100  # the default
    said = capfd.readouterr().err.splitlines()[0]
    assert said == f"copy, lstm: preset lstm/copy sets 1 number ({OF_LSTM})"


@pytest.mark.once
def test_an_option_beats_a_value_and_the_preset(tmp_path):
    mnist = ["--preset", "seq-mnist", "-p", "batch_size=3", "--batch-size", "2"]
    config = config_of(tmp_path, *LSTM, *mnist)
    assert config["preset"] == "lstm/seq-mnist"
    assert config["training"]["batch_size"] == 2
    assert config["training"]["weight_decay"] == 0.01
    assert config["model"]["parameters"]["units"] == 4


@pytest.mark.once
def test_without_a_preset_it_starts_as_the_papers_do(tmp_path, capfd):
    config = config_of(tmp_path, *LSTM, "--preset", "none")
    assert config["preset"] is None
    assert config["task"]["parameters"]["zero_vectors"] == 0.0
    assert config["training"]["epsilon"] == 1e-7
    said = capfd.readouterr().err.splitlines()[0]
    assert said == "copy, lstm: everything starts as in the papers (--preset none)"


@pytest.mark.once
def test_where_there_is_no_preset_the_plain_start_is_used(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("keras_s4ntm.presets.preset.PRESETS", {})
    assert config_of(tmp_path, *LSTM)["preset"] is None
    said = capfd.readouterr().err.splitlines()[0]
    assert said == "copy, lstm: everything starts as in the papers (it has no preset for this task)"


# What it refuses: one sentence, exit code 2 for usage and 1 for failure, no traceback


@pytest.mark.once
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
        (
            ["train", "copy", "--preset", "copi"],
            2,
            "Unknown preset of s4d-ntm 'copi'. Did you mean",
        ),
        (
            ["train", "--resume", "x", "--preset", "none"],
            2,
            "--resume goes on with a run as it was",
        ),
        (["tran"], 2, "Unknown command 'tran'. Did you mean 'train'?"),
        (["train", "copy", "--step", "5"], 2, "--steps"),
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
ANY_SIGN = ("_bias", "_initializer")  # how the names end of numbers that may be negative
PARAMETERS = {
    **{f"--model {name}": model.parameters for name, model in MODELS.items()},
    **{f"--task {name}": parameters_of(task) for name, task in TASKS.items()},
    "--seed 0": parameters_of(TrainingConfig),
}


@pytest.mark.once
@pytest.mark.parametrize("entry", PARAMETERS)
def test_every_parameter_refuses_by_name_what_it_cannot_mean(capfd, entry):
    for name, (annotation, _) in PARAMETERS[entry].items():
        kind = (typing.get_args(annotation) or (annotation,))[0]
        for value in IMPOSSIBLE[kind]:
            if name.endswith(ANY_SIGN) and value == "-1":
                continue
            assert run_cli("build", *entry.split(), "-p", f"{name}={value}") == 2, (name, value)
            printed = capfd.readouterr()
            assert name in printed.err, (name, value)
            assert "Traceback" not in printed.err
            assert printed.out == ""


@pytest.mark.once
@pytest.mark.parametrize("lengths", ["0", "-5", "20,x", ""])
def test_lengths_that_are_none_are_refused(trained, capfd, lengths):
    assert run_cli("evaluate", trained, "--lengths", lengths) == 2
    assert "positive integers" in capfd.readouterr().err


@pytest.mark.once
def test_a_run_directory_that_exists_is_never_overwritten(run, capfd):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    assert run_cli("train", "copy", *TINY, *QUICK, "--run-dir", run) == 1
    assert "exists already" in capfd.readouterr().err
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_a_backend_that_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch, capfd
):
    monkeypatch.setattr("keras_s4ntm.backend.names.installed", lambda name: name == BACKEND)
    missing = "jax" if BACKEND != "jax" else "torch"
    assert run_cli("train", "copy", "--backend", missing) == 1
    assert f"pip install 'keras-s4ntm[{missing}]'" in capfd.readouterr().err


@pytest.mark.skipif(len(installed_backends()) < 2, reason="needs two backends")
def test_a_backend_that_comes_too_late_is_refused(tmp_path, capfd):
    other = next(name for name in installed_backends() if name != BACKEND)
    path = tmp_path / "run"
    assert run_cli("train", *LSTM, "--backend", other, "--run-dir", path) == 1
    printed = capfd.readouterr().err
    assert f"Keras runs on {BACKEND} already" in printed
    assert f"Set KERAS_BACKEND={other}" in printed
    assert not path.exists()


@pytest.mark.parametrize("file", ["config.json", "history.json", "model.keras"])
def test_a_damaged_file_of_a_run_is_named(run, capfd, file):
    (run / file).write_bytes((run / file).read_bytes()[:40])
    command = ["train", "--resume"] if file == "history.json" else ["evaluate"]
    assert run_cli(*command, run) == 1
    printed = capfd.readouterr().err
    assert str(run / file) in printed
    assert "Traceback" not in printed


@pytest.mark.once
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
    assert run_cli("train", "copy", "--model", "ntm", *arguments, "--run-dir", path) == 1
    printed = capfd.readouterr().err
    assert "not a finite number at step 4" in printed
    assert "epoch-00001.weights.h5" in printed
    assert "Traceback" not in printed
    monkeypatch.undo()
    assert run_cli("evaluate", path, "--lengths", "2", "--sequences", "3") == 0


@pytest.mark.once
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
