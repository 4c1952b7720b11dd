"""Neural networks with an external memory, as Keras 3 layers.

>>> from keras_s4ntm import NTM
>>> NTM(100, memory_size=128, memory_width=20, return_sequences=True)

The layers are imported when they are first asked for: they load Keras, and Keras its backend,
which the environment variable `KERAS_BACKEND` chooses.
"""

import importlib

_HOME = {
    "DNC": "layers",
    "DNCCell": "layers",
    "NTM": "layers",
    "NTMCell": "layers",
    "S4D": "layers",
    "S4DBlock": "layers",
    "S4DNTM": "layers",
    "S4DNTMCell": "layers",
    "BitErrors": "metrics",
    "SequenceAccuracy": "metrics",
    "build_model": "models",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"keras_s4ntm.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
