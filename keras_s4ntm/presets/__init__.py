"""Numbers that suit a model on a task, as data; see `preset.py`. A file a family of models."""

from keras_s4ntm.presets import blocks, dnc, lstm, ntm, s4d, santm
from keras_s4ntm.presets.preset import (
    AUTO,
    NONE,
    PRESETS,
    Number,
    Preset,
    find_preset,
    register_preset,
)

__all__ = [
    "AUTO",
    "NONE",
    "PRESETS",
    "Number",
    "Preset",
    "blocks",
    "dnc",
    "find_preset",
    "lstm",
    "ntm",
    "register_preset",
    "s4d",
    "santm",
]
