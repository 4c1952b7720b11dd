"""SANTM, the Sparse Access Neural Turing Machine: a memory that few time steps access.

segments.py    the two lower levels: an LSTM that ends segments, and one that is updated at ends
mask.py        which time steps access the memory: learned, and projected to fewer and fewer
attention.py   attention between the slots of the memory, by convolution on a ring
cell.py        a time step of the top level: a controller, a memory, the mask and the attention
memory.py      the top level over a sequence, or over the steps alone that access the memory
santm.py       all of it as one layer
"""
