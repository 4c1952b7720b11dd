"""Exported models, served by an interpreter that has neither Keras nor this package."""

import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers import also_slow, numpy, run_on, small

from keras_s4ntm.experiment import Experiment
from keras_s4ntm.export import export_saved_model
from keras_s4ntm.models import MODELS
from keras_s4ntm.runs import Run

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="export is done by TensorFlow"
)
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="done by TensorFlow"
)

EXPORT = """
import json
from pathlib import Path
from keras_s4ntm import load_run
from keras_s4ntm.export import export_saved_model

task, model = load_run("run")
sample = task.batch("test", seed=0, index=0, batch_size=3).inputs
difference = export_saved_model(model, "saved-model", sample)
Path("difference.json").write_text(json.dumps(difference))
"""

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


@pytest.mark.once
def test_saved_model_serves_any_batch_and_length_without_keras_from_a_run_of_this_backend(
    tmp_path, rng
):
    values = {"max_length": 3, "bits": 2, "memory_size": 8, "units": 8}
    experiment = Experiment.choose("copy", "ntm", values)
    run = Run.create(tmp_path / "run", experiment, keras.backend.backend())
    model = experiment.build_model()
    run.save_model(model)

    run_on("tensorflow", EXPORT, tmp_path)
    assert json.loads((tmp_path / "difference.json").read_text()) < 1e-4

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


@on_tensorflow
@pytest.mark.parametrize("name", also_slow(MODELS, fast=["s4d-ntm", "dnc"]))
def test_every_model_is_exported_and_gives_the_same_outputs_whole_and_step_by_step(
    name, tmp_path, rng
):
    values = {"bits": 2, "max_length": 3, **small(name)}
    model = Experiment.choose("copy", name, values).build_model()
    sample = rng.normal(size=(3, 6, 4)).astype("float32")
    assert export_saved_model(model, tmp_path / "saved-model", sample) < 1e-4


def causal_convolution():
    """A model that is neither recurrent nor streamable."""
    inputs = keras.Input((None, 4))
    hidden = keras.layers.Conv1D(6, 3, padding="causal", activation="gelu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2)(hidden))


def once_after_the_sequence():
    """A model that is not causal."""
    values = {"bits": 2, "access_interval": "sequence", **small("s4d-ntm")}
    experiment = Experiment.choose("copy", "s4d-ntm", values)
    assert not experiment.is_causal
    assert not experiment.is_streamable
    return experiment.build_model()


@on_tensorflow
@pytest.mark.parametrize("build", [causal_convolution, once_after_the_sequence])
def test_a_model_that_does_not_run_step_by_step_serves_whole_sequences_only(build, tmp_path, rng):
    import tensorflow as tf

    model = build()
    sample = rng.normal(size=(3, 6, 4)).astype("float32")
    path = tmp_path / "saved-model"
    assert export_saved_model(model, path, sample, streamable=False) < 1e-4

    loaded = tf.saved_model.load(str(path))
    assert not hasattr(loaded, "step")
    assert not hasattr(loaded, "initial_state")
    assert "step" not in loaded.signatures
    inputs = rng.normal(size=(2, 11, 4)).astype("float32")
    np.testing.assert_allclose(loaded.serve(inputs).numpy(), numpy(model(inputs)), atol=1e-5)
