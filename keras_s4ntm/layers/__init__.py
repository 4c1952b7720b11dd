"""Keras layers: they own weights and call the equations of `keras_s4ntm.ops`.

memory/       the contracts: a memory, access to it, a cell, a loop over time
controllers/  what drives the heads: feed-forward, LSTM, any Keras cell, S4D
ntm/, dnc/    a folder a memory, with the same parts: arguments, heads, access, layers
s4d_ntm.py    the S4D controller and the NTM's access
s4d/          state space layers
blocks/       layers that are parallel over time, and the residual block around them
recurrent/    LSTMs that skip time steps, or take their state from several steps before
santm/        SANTM: segments, a mask of accesses, attention between slots
standardization.py, pooling.py   what stands before and after them
"""

import importlib

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "AccessMask": "santm.mask",
    "CausalAttention": "blocks.attention",
    "CellController": "controllers.keras_cell",
    "Controller": "controllers.controller",
    "DNC": "dnc.dnc",
    "DNCAccess": "dnc.access",
    "DNCCell": "dnc.dnc",
    "DRRLSTM": "recurrent.drr_lstm",
    "DRRLSTMCell": "recurrent.drr_lstm",
    "DilatedLSTM": "recurrent.dilated_lstm",
    "FeedForward": "blocks.feedforward",
    "FeedForwardController": "controllers.feedforward",
    "GatedDeltaNet": "blocks.deltanet",
    "GatedFeedForward": "blocks.feedforward",
    "LSTMController": "controllers.lstm",
    "Mamba": "blocks.mamba",
    "MeanOverTime": "pooling",
    "Memory": "memory.memory",
    "MemoryAccess": "memory.access",
    "MemoryCell": "memory.cell",
    "MemoryRNN": "memory.rnn",
    "NTM": "ntm.ntm",
    "NTMAccess": "ntm.access",
    "NTMCell": "ntm.ntm",
    "Norm": "blocks.norm",
    "PositionEncoding": "blocks.attention",
    "ReadHead": "ntm.heads",
    "Residual": "blocks.residual",
    "S4D": "s4d.s4d",
    "S4DBlock": "s4d.block",
    "S4DController": "controllers.s4d",
    "S4DNTM": "s4d_ntm",
    "S4DNTMCell": "s4d_ntm",
    "SANTM": "santm.santm",
    "SegmentLSTM": "santm.segments",
    "SegmentLSTMCell": "santm.segments",
    "SkipLSTM": "recurrent.skip_lstm",
    "SkipLSTMCell": "recurrent.skip_lstm",
    "SlotAttention": "santm.attention",
    "Standardization": "standardization",
    "WriteHead": "ntm.heads",
}

__all__ = list(_HOMES)
_get, __dir__ = lazy_names(__name__, _HOMES)


def __getattr__(name):
    # With the first one all of them: Keras finds in a file only classes that are imported.
    if name in _HOMES:
        for module in dict.fromkeys(_HOMES.values()):
            importlib.import_module(f"{__name__}.{module}")
    return _get(name)
