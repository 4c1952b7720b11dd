"""One step of an LSTM in NumPy, and weights by name."""

import numpy as np
from helpers import numpy


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(gates, carry):
    """`(h, c)` from the four gates i, f, c, o side by side."""
    i, f, c, o = np.split(gates, 4)
    carry = sigmoid(f) * carry + sigmoid(i) * np.tanh(c)
    return sigmoid(o) * np.tanh(carry), carry


def weights_of(layer):
    """`{name: array}`, float64."""
    return {w.name: numpy(w.value).astype("float64") for w in layer.weights}


def straight_through(decision, x, around):
    """A decision, whose finite differences are those of x: `around` is `(decision, x)` where they
    are taken, or `None`.
    """
    return decision if around is None else around[0] + x - around[1]
