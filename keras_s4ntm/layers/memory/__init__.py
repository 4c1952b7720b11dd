"""The contracts of every memory network.

memory.py    the memory matrix and what it holds at first
access.py    `MemoryAccess`: one time step of all heads, with named states and quantities
schedule.py  at which time steps the memory is accessed
cell.py      `MemoryCell`: a controller and an access, a Keras RNN cell
rnn.py       `MemoryRNN`: a cell in a loop over time, a Keras layer
loop.py, parallel.py    how the loop runs: in segments, or over the accesses only
"""
