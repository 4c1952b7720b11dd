"""Keras layers: they own weights and call `keras_s4ntm.ops`."""

from keras_s4ntm.layers.access import MemoryAccess
from keras_s4ntm.layers.controllers import (
    CellController,
    FeedForwardController,
    LSTMController,
)
from keras_s4ntm.layers.dnc import DNC, DNCAccess, DNCCell
from keras_s4ntm.layers.heads import ReadHead, WriteHead
from keras_s4ntm.layers.memory import Memory
from keras_s4ntm.layers.ntm import NTM, NTMCell
from keras_s4ntm.layers.pooling import MeanOverTime
from keras_s4ntm.layers.s4d import S4D, S4DBlock
from keras_s4ntm.layers.s4d_ntm import S4DNTM, S4DNTMCell

__all__ = [
    "DNC",
    "NTM",
    "S4D",
    "S4DNTM",
    "CellController",
    "DNCAccess",
    "DNCCell",
    "FeedForwardController",
    "LSTMController",
    "MeanOverTime",
    "Memory",
    "MemoryAccess",
    "NTMCell",
    "ReadHead",
    "S4DBlock",
    "S4DNTMCell",
    "WriteHead",
]
