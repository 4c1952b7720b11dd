"""Keras layers: they own weights and call the equations of `keras_s4ntm.ops`.

    memory/       the contracts: a memory, access to it, a cell, a loop over time
    controllers/  what drives the heads: feed-forward, LSTM, any Keras cell, S4D
    ntm/, dnc/    a folder a memory, with the same parts: arguments, heads, access, layers
    s4d_ntm.py    the S4D controller and the NTM's access
    s4d/          state space layers
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "CellController": "controllers.keras_cell",
    "DNC": "dnc.dnc",
    "DNCAccess": "dnc.access",
    "DNCCell": "dnc.dnc",
    "FeedForwardController": "controllers.feedforward",
    "LSTMController": "controllers.lstm",
    "MeanOverTime": "pooling",
    "Memory": "memory.memory",
    "MemoryAccess": "memory.access",
    "MemoryCell": "memory.cell",
    "MemoryRNN": "memory.rnn",
    "NTM": "ntm.ntm",
    "NTMAccess": "ntm.access",
    "NTMCell": "ntm.ntm",
    "ReadHead": "ntm.heads",
    "S4D": "s4d.s4d",
    "S4DBlock": "s4d.block",
    "S4DController": "controllers.s4d",
    "S4DNTM": "s4d_ntm",
    "S4DNTMCell": "s4d_ntm",
    "WriteHead": "ntm.heads",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
