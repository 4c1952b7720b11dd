"""Exported models, served by an interpreter that has neither Keras nor this package."""

import importlib.util
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers import numpy, small

from keras_s4ntm import build_model
from keras_s4ntm.cli.common import load_trained
from keras_s4ntm.export import export_saved_model
from keras_s4ntm.models import MODELS
from keras_s4ntm.runs import Run
from keras_s4ntm.tasks import Copy

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="export is done by TensorFlow"
)

SERVE = """
import sys

sys.modules["keras"] = sys.modules["keras_s4ntm"] = None  # importing them raises ImportError
import numpy as np, tensorflow as tf

model = tf.saved_model.load("saved-model")
for i in range(2):
    inputs = np.load(f"inputs{i}.npy")
    np.save(f"whole{i}.npy", model.serve(inputs).numpy())
    states, outputs = model.initial_state(len(inputs)), []
    names = sorted(states, key=lambda name: int(name.split("_")[1]))
    for x in np.moveaxis(inputs, 1, 0):
        states = model.step(x, *(states[name] for name in names))
        outputs.append(states["outputs"].numpy())
    np.save(f"steps{i}.npy", np.stack(outputs, 1))
"""


def command(*arguments, **options):
    """`s4ntm ARGUMENTS` in a process of its own."""
    environment = {**os.environ, "KERAS_BACKEND": "", **options.pop("env", {})}
    environment = {k: v for k, v in environment.items() if v}
    return subprocess.run(
        [sys.executable, "-m", "keras_s4ntm.cli.main", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run trained for a few steps on the backend of these tests."""
    from keras_s4ntm.cli.main import main

    path = tmp_path_factory.mktemp("runs") / "run"
    small = ["-p", "max_length=3", "-p", "bits=2", "-p", "memory_size=8", "-p", "units=8"]
    steps = ["--steps", "4", "--validation-interval", "4"]
    with pytest.raises(SystemExit):
        main(["train", "copy", "--model", "ntm", *small, *steps, "--run-dir", str(path), "--quiet"])
    return Run.open(path)


def test_saved_model_serves_any_batch_and_length_without_keras_from_a_run_of_this_backend(
    run, tmp_path, rng
):
    assert run.config["backend"] == keras.backend.backend()
    output = tmp_path / "saved-model"
    done = command("export", run.path, "--output", output, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["output"] == str(output)
    assert printed["max_difference"] < 1e-4

    _, model = load_trained(run)
    shapes = [(1, 90), (7, 5)]
    inputs = [rng.normal(size=(*shape, 4)).astype("float32") for shape in shapes]
    for i, x in enumerate(inputs):
        np.save(tmp_path / f"inputs{i}.npy", x)
    subprocess.run([sys.executable, "-c", SERVE], cwd=tmp_path, check=True)
    for i, x in enumerate(inputs):
        expected = numpy(model(x))
        for form in ("whole", "steps"):
            served = np.load(tmp_path / f"{form}{i}.npy")
            np.testing.assert_allclose(served, expected, atol=1e-4, err_msg=form)

    again = command("export", run.path, "--output", output)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="done by TensorFlow")
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_exported_and_gives_the_same_outputs_whole_and_step_by_step(
    name, tmp_path, rng
):
    model = build_model(name, Copy(bits=2, max_length=3), **small(name))
    sample = rng.normal(size=(3, 6, 4)).astype("float32")
    assert export_saved_model(model, tmp_path / "saved-model", sample) < 1e-4


@pytest.mark.skipif(
    any(importlib.util.find_spec(m) is None for m in ("onnx", "tf2onnx", "onnxruntime")),
    reason="needs the extra onnx",
)
def test_onnx_file_gives_the_outputs_of_the_model(run, tmp_path):
    done = command(
        "export", run.path, "--format", "onnx", "--output", tmp_path / "m.onnx", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["max_difference"] < 1e-4


def test_without_tensorflow_export_says_which_extra_is_missing(run, monkeypatch, capfd):
    from keras_s4ntm.cli.main import main

    monkeypatch.setattr("keras_s4ntm.cli.common.installed", lambda name: name != "tensorflow")
    with pytest.raises(SystemExit) as exit:
        main(["export", str(run.path)])
    assert exit.value.code == 1
    assert "pip install 'keras-s4ntm[tensorflow]'" in capfd.readouterr().err
