"""Models outside of training: one time step at a time, and as files for serving.

    stream.py       a model as a function of one time step, with explicit states
    saved_model.py  a SavedModel, which serves without Keras
    onnx.py         an ONNX file
    write.py        what the files share: each is compared with the model before it gets its name

Files are written by the TensorFlow backend, whose exporters keep batch size and length open. The
weights are the same on every backend: a model trained on any of them is rebuilt on TensorFlow and
exported there.
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "Stream": "stream",
    "export_onnx": "onnx",
    "export_saved_model": "saved_model",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
