"""What a model is made of in a file.

ONNX files have no complex numbers, hence no FFT, and the converters of the backends do not know
every operation of Keras. Keras does not say for what it traces a model: its exporter is looked for
among the functions that are running. That is done while tracing, never in what was compiled.

Where a function below has another form, it gives the same numbers, up to rounding.
"""

import math
import traceback

import keras
from keras import ops

from keras_s4ntm.errors import BackendError

ONNX_EXPORTER = "keras.src.export.onnx"

if keras.backend.backend() == "torch":
    import torch
elif keras.backend.backend() == "tensorflow":
    import tensorflow as tf


def exporters():
    """The functions of Keras that are exporting a model now, as frames, the innermost first."""
    if keras.backend.backend() == "tensorflow" and tf.executing_eagerly():
        return []
    frames = (frame for frame, _ in traceback.walk_stack(None))
    return [f for f in frames if f.f_globals.get("__name__", "").startswith("keras.src.export.")]


def exporting_onnx():
    """Whether Keras, or `torch.onnx.export`, is tracing a model for an ONNX file."""
    if keras.backend.backend() == "torch":
        return torch.onnx.is_in_onnx_export()
    return any(frame.f_globals["__name__"] == ONNX_EXPORTER for frame in exporters())


def check_length_is_known():
    """Refuse a loop over time where it is written out step by step for a length that is not known.

    Raises:
        BackendError: Keras exports a model to ONNX on PyTorch, with inputs of any length.
    """
    if not exporting_onnx():
        return
    for frame in exporters():
        specs = keras.tree.flatten(frame.f_locals.get("input_signature"))
        if any(None in spec.shape[1:] for spec in specs if hasattr(spec, "shape")):
            raise BackendError(
                "On PyTorch an ONNX file of a loop over time has one length: give `export` "
                "`input_signature=[keras.InputSpec(shape=(None, length, size), dtype='float32')]`, "
                "or export on TensorFlow, for any length."
            )


def gelu(x):
    """`x Phi(x)`. TensorFlow's converter knows erf, not erfc."""
    if not exporting_onnx():
        return ops.gelu(x, approximate=False)
    return 0.5 * x * (1.0 + ops.erf(x / math.sqrt(2.0)))


def normalized(layer, x):
    """A `keras.layers.LayerNormalization` or `RMSNormalization` of `x`, over its last axis.
    PyTorch's converter knows the first for batches of a fixed size only, the second not at all.
    """
    if not exporting_onnx():
        return layer(x)
    if isinstance(layer, keras.layers.RMSNormalization):
        square = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return x * ops.rsqrt(square + layer.epsilon) * layer.scale
    x = x - ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(x), axis=-1, keepdims=True)
    return x * ops.rsqrt(variance + layer.epsilon) * layer.gamma + layer.beta


def take(x, indices):
    """`x[:, indices]`. PyTorch's converter does not know what Keras makes of it."""
    if keras.backend.backend() == "torch":
        return torch.index_select(x, 1, indices)
    return ops.take(x, indices, axis=1)


def take_along_axis(x, indices, axis):
    """`ops.take_along_axis`. PyTorch's converter does not know what Keras makes of it."""
    if keras.backend.backend() == "torch":
        return torch.gather(x, axis, indices.long())
    return ops.take_along_axis(x, indices, axis=axis)


def places_of_largest(x, count):
    """Where along the last axis the `count` largest are. TensorFlow 2.21 cannot load what JAX 0.10
    makes of `ops.top_k`.
    """
    if keras.backend.backend() == "jax" and exporters():
        return ops.argsort(-x, axis=-1)[..., :count]
    return ops.top_k(x, count)[1]
