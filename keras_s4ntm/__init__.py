"""Neural networks with an external memory, as Keras 3 layers.

>>> from keras_s4ntm import NTM
>>> NTM(100, memory_size=128, memory_width=20, return_sequences=True)

Names are imported when they are first asked for: layers load Keras, and Keras its backend, which
the environment variable `KERAS_BACKEND` chooses.
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    **dict.fromkeys(
        [
            "DNC",
            "DNCAccess",
            "DNCCell",
            "MemoryCell",
            "MemoryRNN",
            "NTM",
            "NTMAccess",
            "NTMCell",
            "S4D",
            "S4DBlock",
            "S4DController",
            "S4DNTM",
            "S4DNTMCell",
        ],
        "layers",
    ),
    "BitErrors": "data.metrics",
    "SequenceAccuracy": "data.metrics",
    "Experiment": "experiment",
    "Run": "runs",
    "build_model": "models",
    "evaluate": "evaluation.evaluate",
    "load_model": "saving",
    "load_run": "runs",
    "register_model": "models",
    "register_preset": "presets",
    "register_task": "tasks",
    "train": "training.fit",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
