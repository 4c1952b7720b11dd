"""What tests of traces share: small layers, and traces made by hand, of which all is known."""

import numpy as np

from keras_s4ntm.analysis import Trace

SMALL = {  # arguments of a layer that is quick to trace
    "units": 6,
    "memory_size": 7,
    "memory_width": 4,
    "memory_initializer": "random_normal",
    "return_sequences": True,
    "read_heads": 2,
}
B, T, N, M = 2, 12, 16, 3
FIRST_ANSWER = 7


def one_hot(slots):
    """Weights `(T, N)` of a head that is at these slots, a number for every time step."""
    return np.eye(N, dtype="float32")[np.asarray(slots) % N]


def made(write, read, about=(), **arrays):
    """A trace of B alike sequences of an NTM with a head each; weights are `(T, N)`.

    The input has two channels of data, a start marker at step 0 and an end marker at step 6.
    """
    inputs = np.zeros((T, 4), "float32")
    inputs[1:6, :2] = 1
    inputs[0, 2] = inputs[FIRST_ANSWER - 1, 3] = 1
    mask = np.arange(T) >= FIRST_ANSWER
    own = {
        "inputs": inputs,
        "outputs": np.ones((T, 2), "float32"),
        "targets": np.ones((T, 2), "float32"),
        "target_mask": mask,
        "accessed": np.ones(T, "bool"),
        "memory": np.zeros((T + 1, N, M), "float32"),
        "write_weights": write[:, None],
        "read_weights": read[:, None],
        "read_vectors": np.zeros((T, 1, M), "float32"),
        "erase": np.zeros((T, 1, M), "float32"),
        "add": np.ones((T, 1, M), "float32"),
        "interpolation_gates": np.zeros((T, 2), "float32"),
        **arrays,
    }
    batch = {name: np.repeat(array[None], B, axis=0) for name, array in own.items()}
    return Trace(batch, {"access": "ntm", **dict(about)})


WALK = one_hot(np.arange(T))
STAY = one_hot(np.zeros(T, int))
