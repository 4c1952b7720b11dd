"""What keeps keys, strengths, gates and vectors within their bounds.

The bound `oneplus`: Graves et al. 2016, "Hybrid computing using a neural network with dynamic
external memory", Methods, "Interface parameters".
"""

from keras import ops

from keras_s4ntm.conventions import parse_activation


def oneplus(x):
    """`1 + log(1 + e^x)`, from 1 on: key strengths and sharpness of the DNC."""
    return 1.0 + ops.softplus(x)


def activation(name, text):
    """The function that an activation in words stands for, see `conventions.parse_activation`.

    `hard_sigmoid` is that of Keras 3, `min(max(x / 6 + 1 / 2, 0), 1)`.
    """
    offset, scale, kind = parse_activation(name, text)
    function = FUNCTIONS[kind]
    if (offset, scale) == (0, 1):
        return function
    return lambda x: offset + scale * function(x)


FUNCTIONS = {
    "linear": lambda x: x,
    "relu": ops.relu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "hard_sigmoid": ops.hard_sigmoid,
    "softplus": ops.softplus,
}
