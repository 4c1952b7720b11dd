"""Models as an ONNX file, of whole sequences."""

import importlib.util

import keras

from keras_s4ntm.errors import BackendError, S4NTMError
from keras_s4ntm.export.write import check_backend, write_and_compare

PACKAGES = ("onnx", "tf2onnx", "onnxruntime")


def export_onnx(model, output, sample):
    """Write an ONNX file: `(B, T, input_size)` to the logits; any batch size and any length.

    Args:
        model: a Keras model on the TensorFlow backend.
        output: the file to write; it must not exist.
        sample: `(B, T, input_size)`, the inputs that file and model are compared on.

    Returns:
        The largest absolute difference between the outputs of the file and of the Keras model.

    There is no FFT in ONNX: the features of S4D are products with matrices of `T^2` numbers.

    Raises:
        BackendError: the backend is not TensorFlow, or the extra `onnx` is not installed.
        S4NTMError: a layer does not compute in float32, `output` exists, or the outputs differ by
            more than rounding.
    """
    check_backend()
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise BackendError(
            f"ONNX export needs {', '.join(missing)}: pip install 'keras-s4ntm[onnx]'."
        )
    for layer in model.layers:
        if layer.weights and layer.compute_dtype != "float32":
            raise S4NTMError(
                f"ONNX files are written of layers that compute in float32, and {layer.name!r} "
                f"computes in {layer.compute_dtype}: build the model with dtype='float32', or "
                "write a SavedModel."
            )

    def write(path):
        model(sample[:1])  # Keras exports only a model that has been called
        signature = [keras.InputSpec("float32", shape=model.input_shape, name="inputs")]
        model.export(str(path), format="onnx", verbose=False, input_signature=signature)

    def run(path, inputs):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        yield session.run(None, {session.get_inputs()[0].name: inputs})[0]

    return write_and_compare(model, output, sample, write, run)
