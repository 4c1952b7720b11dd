"""Models as files for serving, written by the TensorFlow backend.

The weights are the same on every backend, so that a model trained on any of them is rebuilt on
TensorFlow and exported there: with dynamic batch size and length, which the exporters of the other
backends do not offer. What was written is loaded again and compared with the Keras model.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import keras
import numpy as np

from keras_s4ntm.errors import BackendError, S4NTMError
from keras_s4ntm.streaming import Stream


def export_saved_model(model, output, sample):
    """Write a SavedModel with the signatures `serve`, `step` and `initial_state`.

    - `serve(inputs)`: `(B, T, input_size)` to the logits, `(B, T, output_size)` of bits or
      `(B, output_size)` of classes.
    - `initial_state(batch_size)`: `{"state_0": ..., ...}`.
    - `step(inputs, state_0, ...)`: `(B, input_size)` to `{"outputs": ..., "state_0": ...}`.

    Args:
        model: a Keras model on the TensorFlow backend.
        output: the directory to write; it must not exist.
        sample: `(B, T, input_size)`, the inputs that both forms are compared on.

    Returns:
        The largest absolute difference between the SavedModel's outputs, whole sequences and
        step by step, and the Keras model's.
    """
    import tensorflow as tf

    stream = Stream(model)
    names = [f"state_{i}" for i in range(len(stream.initial_state(1)))]

    def initial_state(batch_size):
        return dict(zip(names, stream.initial_state(batch_size), strict=True))

    def step(inputs, *states):
        outputs, states = stream.step(inputs, states)
        return {"outputs": outputs, **dict(zip(names, states, strict=True))}

    size = model.input_shape[-1]
    step_signature = [tf.TensorSpec((None, size), "float32", "inputs")] + [
        tf.TensorSpec((None, state.shape[-1]), state.dtype, name)
        for name, state in zip(names, stream.initial_state(1), strict=True)
    ]

    def write(path):
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            "serve", model.call, [tf.TensorSpec((None, None, size), "float32", "inputs")]
        )
        archive.add_endpoint("step", step, step_signature)
        archive.add_endpoint("initial_state", initial_state, [tf.TensorSpec((), "int32")])
        archive.write_out(str(path), verbose=False)

    def run(path, inputs):
        loaded = tf.saved_model.load(str(path))
        yield loaded.serve(inputs).numpy()
        states = loaded.initial_state(len(inputs))
        outputs = []
        for x in np.moveaxis(inputs, 1, 0):
            result = loaded.step(x, *(states[name] for name in names))
            states = result
            outputs.append(result["outputs"].numpy())
        yield np.stack(outputs, axis=1) if len(model.output_shape) == 3 else outputs[-1]

    return _write_and_compare(model, output, sample, write, run)


def export_onnx(model, output, sample):
    """Write an ONNX file of the whole-sequence model; arguments and result as above."""
    missing = [
        name
        for name in ("onnx", "tf2onnx", "onnxruntime")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise BackendError(
            f"ONNX export needs {', '.join(missing)}: pip install 'keras-s4ntm[onnx]'."
        )

    def write(path):
        model(sample[:1])  # Keras exports only a model that has been called
        signature = [keras.InputSpec("float32", shape=model.input_shape, name="inputs")]
        model.export(str(path), format="onnx", verbose=False, input_signature=signature)

    def run(path, inputs):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        yield session.run(None, {session.get_inputs()[0].name: inputs})[0]

    return _write_and_compare(model, output, sample, write, run)


def _write_and_compare(model, output, sample, write, run):
    """Write under a temporary name, compare with the Keras model, then rename."""
    if keras.backend.backend() != "tensorflow":
        raise BackendError(
            "Export is done by TensorFlow: use `s4ntm export RUN`, or set "
            "KERAS_BACKEND=tensorflow and load the model there."
        )
    output = Path(output)
    if output.exists():
        raise S4NTMError(f"{output} exists already; choose another --output.")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".unfinished-{os.getpid()}-{output.name}")
    try:
        write(temporary)
        expected = keras.ops.convert_to_numpy(model(sample))
        difference = max(np.abs(outputs - expected).max() for outputs in run(temporary, sample))
        if not difference < 1e-3:
            raise S4NTMError(
                f"the exported model differs from the Keras model by {difference:.1e}; "
                "nothing was written."
            )
        os.replace(temporary, output)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
    return float(difference)
