"""Keras layers: they own weights and call `keras_s4ntm.ops`."""

from keras_s4ntm.layers.access import MemoryAccess
from keras_s4ntm.layers.controllers import (
    CellController,
    FeedForwardController,
    LSTMController,
)
from keras_s4ntm.layers.heads import ReadHead, WriteHead
from keras_s4ntm.layers.memory import Memory
from keras_s4ntm.layers.ntm import NTM, NTMCell

__all__ = [
    "NTM",
    "CellController",
    "FeedForwardController",
    "LSTMController",
    "Memory",
    "MemoryAccess",
    "NTMCell",
    "ReadHead",
    "WriteHead",
]
