"""A model and a task of another package come in through one door, the entry point, and every
command knows them.
"""

import json
import os
import subprocess
import sys

import keras
import pytest

BACKEND = keras.backend.backend()

PLUGIN = '''
"""Causal convolutions, and a task that they learn."""

from dataclasses import dataclass

import numpy as np

from keras_s4ntm import register_model, register_preset, register_task
from keras_s4ntm.tasks import Batch, Task


@register_model("causal-conv", streamable=False)
def causal_conv(sizes, *, filters: int = 8, kernel_size: int = 2, depth: int = 2):
    """Causal convolutions, one on the other."""
    import keras

    inputs = hidden = keras.Input((None, sizes.input_size))
    for i in range(depth):
        hidden = keras.layers.Conv1D(
            filters, kernel_size, dilation_rate=2**i, padding="causal", activation="relu"
        )(hidden)
    return keras.Model(inputs, keras.layers.Dense(sizes.output_size)(hidden))


@register_task
@dataclass(frozen=True)
class Delay(Task):
    """Say every bit again, some time steps later."""

    delay: int = 1
    length: int = 6

    name = "delay"
    summary = "Say every bit again, some time steps later."
    target_kind = "bits"
    input_size = output_size = 1

    def sample(self, rng, batch_size):
        bits = rng.integers(0, 2, (batch_size, self.length, 1)).astype("float32")
        mask = np.ones((batch_size, self.length), "float32")
        mask[:, : self.delay] = 0
        return Batch(bits, np.roll(bits, self.delay, axis=1), mask)


register_preset("causal-conv", "delay", {"learning_rate": (0.01, "It is small.")})
'''

TINY = ["--steps", "4", "--report-interval", "2", "--validation-interval", "2"]
TINY += ["--checkpoint-interval", "2", "-p", "validation_sequences=8", "-p", "batch_size=4"]


def install(folder, name, code):
    """What a package with an entry point leaves in a folder of modules."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-0.1.dist-info"
    info.mkdir()
    package = name.replace("_", "-")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(f"[keras_s4ntm.plugins]\n{package} = {name}\n")


def s4ntm(folder, *arguments):
    """`s4ntm ARGUMENTS` where the packages in a folder are installed."""
    paths = [str(folder), os.environ.get("PYTHONPATH")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)}
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)


def printed(folder, *arguments):
    """What a command that succeeds prints on standard output."""
    process = s4ntm(folder, *arguments)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder where the plugin is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    install(folder, "causal_conv", PLUGIN)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    """The run directory of a training of a few steps."""
    path = folder / "run"
    arguments = ["delay", "--model", "causal-conv", "-p", "filters=4", *TINY, "--run-dir", path]
    process = s4ntm(folder, "train", *arguments)
    assert process.returncode == 0, process.stderr
    first = process.stderr.splitlines()[0]
    assert first.startswith("delay, causal-conv: preset causal-conv/delay sets 1 number")
    return path


@pytest.mark.once
def test_list_shows_what_the_plugin_brings(folder):
    models = printed(folder, "list", "models")
    assert (
        "causal-conv  Causal convolutions, one on the other.\n    causal, not streamable" in models
    )
    assert "-p kernel_size=2" in models
    assert json.loads(printed(folder, "list", "tasks", "--json"))["delay"]["parameters"] == {
        "delay": 1,
        "length": 6,
    }
    assert json.loads(printed(folder, "list", "presets", "--task", "delay", "--json")) == {
        "causal-conv/delay": {
            "learning_rate": {"value": 0.01, "default": 3e-3, "why": "It is small."}
        }
    }


@pytest.mark.once
def test_it_is_trained_and_goes_on_where_it_stopped(folder, run):
    config = json.loads((run / "config.json").read_text())
    assert config["model"] == {
        "name": "causal-conv",
        "parameters": {"filters": 4, "kernel_size": 2, "depth": 2},
    }
    assert config["training"]["learning_rate"] == 0.01
    whole = json.loads((run / "history.json").read_text())
    (run / "model.keras").unlink()
    (run / "checkpoints" / "epoch-00002.json").unlink()  # as if stopped after the first two steps
    assert json.loads(printed(folder, "train", "--resume", run, "--json"))["steps"] == 4
    again = json.loads((run / "history.json").read_text())
    for record in (*whole, *again):
        del record["seconds"]
    assert again[0] == whole[0]
    assert again[1] == pytest.approx(whole[1], rel=1e-4)


@pytest.mark.once
def test_it_is_evaluated(folder, run):
    result = json.loads(printed(folder, "evaluate", run, "--sequences", "5", "--json"))
    assert (result["task"], result["model"]) == ("delay", "causal-conv")
    [figures] = result["results"]
    assert figures["sequences"] == 5


@pytest.mark.skipif(BACKEND != "tensorflow", reason="export is done by TensorFlow")
def test_it_is_exported_without_the_signature_of_a_step(folder, run):
    import tensorflow as tf

    said = printed(folder, "export", run)
    assert "This model does not run step by step: the SavedModel has `serve` only." in said
    loaded = tf.saved_model.load(str(run / "saved-model"))
    assert loaded.serve(tf.zeros((2, 5, 1))).shape == (2, 5, 1)
    assert not hasattr(loaded, "step")


@pytest.mark.once
def test_it_is_compared_and_measured_beside_our_models(folder):
    arguments = ["--models", "causal-conv,ntm", "--seeds", "0", "--steps", "2", *TINY[-4:]]
    rows = json.loads(printed(folder, "compare", "delay", *arguments, "--json"))["rows"]
    assert [(row["model"], row["preset"]) for row in rows] == [
        ("causal-conv", "causal-conv/delay"),
        ("ntm", None),
    ]
    assert [row["failed"] for row in rows] == [0, 0]
    sizes = ["--batch-sizes", "2", "--lengths", "4", "--repeats", "1", "--threads", "1"]
    arguments = ["--models", "causal-conv", "--backends", BACKEND, *sizes, "--json"]
    [row] = json.loads(printed(folder, "bench", *arguments))["rows"]
    assert row["model"] == "causal-conv"
    assert row["step_ms"]["median"] > 0
    assert row["speed"] is None  # it has no reference network


COMMANDS = (["list", "models"], ["train", "copy"], ["bench", "--models", "ntm"])


@pytest.mark.once
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import no_such_module\n", "No module named 'no_such_module'"),
        (
            PLUGIN.replace("filters", "bits"),
            "The model 'causal-conv' and the task 'copy' both have a parameter 'bits'",
        ),
        (
            PLUGIN.replace("filters", "patience"),
            "both have a parameter 'patience'",
        ),
        (PLUGIN.replace('"causal-conv"', '"ntm"'), "There is a model 'ntm' already."),
    ],
    ids=["broken", "parameter of a task", "parameter of training", "name is taken"],
)
def test_a_plugin_that_cannot_be_loaded_ends_with_one_sentence(tmp_path, command, code, sentence):
    install(tmp_path, "causal_conv", code)
    before = sorted(path.name for path in tmp_path.iterdir())
    process = s4ntm(tmp_path, *command)
    assert process.returncode == 1
    assert process.stdout == ""
    [line] = process.stderr.splitlines()
    assert line.startswith("Error: The plugin 'causal_conv' of causal-conv cannot be loaded: ")
    assert sentence in line
    after = sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__")
    assert after == before  # nothing was begun
