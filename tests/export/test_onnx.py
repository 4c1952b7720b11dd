"""ONNX files give the outputs of the model."""

import importlib.util
import json

import keras
import numpy as np
import pytest
from helpers import numpy, run_on, small

from keras_s4ntm.errors import BackendError, S4NTMError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.export import export_onnx
from keras_s4ntm.runs import Run

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(m) is None for m in ("onnx", "tf2onnx", "onnxruntime")),
    reason="needs the extra onnx",
)
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="done by TensorFlow"
)

EXPORT = """
import json
from pathlib import Path
from keras_s4ntm import load_run
from keras_s4ntm.export import export_onnx

task, model = load_run("run")
sample = task.batch("test", seed=0, index=0, batch_size=3).inputs
Path("difference.json").write_text(json.dumps(export_onnx(model, "model.onnx", sample)))
"""


@needs_onnx
@pytest.mark.once
def test_onnx_file_gives_the_outputs_of_the_model_of_a_run_of_this_backend(tmp_path, rng):
    import onnxruntime

    values = {"max_length": 3, "bits": 2, **small("s4d-ntm")}
    experiment = Experiment.choose("copy", "s4d-ntm", values)
    run = Run.create(tmp_path / "run", experiment, keras.backend.backend())
    model = experiment.build_model()
    run.save_model(model)

    run_on("tensorflow", EXPORT, tmp_path)
    assert json.loads((tmp_path / "difference.json").read_text()) < 1e-4
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    for shape in ((1, 12), (5, 3)):
        inputs = rng.normal(size=(*shape, 4)).astype("float32")
        outputs = session.run(None, {session.get_inputs()[0].name: inputs})[0]
        np.testing.assert_allclose(outputs, numpy(model(inputs)), atol=1e-4)


@on_tensorflow
def test_without_its_packages_it_says_which_extra_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else name
    )
    model = keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(2)])
    with pytest.raises(BackendError, match=r"needs tf2onnx: pip install 'keras-s4ntm\[onnx\]'"):
        export_onnx(model, tmp_path / "model.onnx", np.zeros((1, 2, 4), "float32"))


@on_tensorflow
@needs_onnx
def test_layers_that_do_not_compute_in_float32_are_refused_before_anything_is_written(tmp_path):
    layer = keras.layers.Dense(2, dtype="mixed_bfloat16", name="half")
    model = keras.Sequential([keras.Input((None, 4)), layer])
    with pytest.raises(S4NTMError, match=r"'half' computes in bfloat16: build .* dtype='float32'"):
        export_onnx(model, tmp_path / "model.onnx", np.zeros((1, 2, 4), "float32"))
    assert list(tmp_path.iterdir()) == []
