"""Cells and layers of this folder: made from arguments by name.

Shapes: B batch, T time steps, I inputs.
"""

import keras
from keras import ops

from keras_s4ntm.layers.arguments import (
    LAYER_ARGUMENTS,
    RNN_ARGUMENTS,
    claim,
    divide,
    refuse_unknown,
)
from keras_s4ntm.layers.file_format import check_format
from keras_s4ntm.layers.loop_rnn import LoopRNN
from keras_s4ntm.layers.memory.states import flattened, shaped, sizes_of


class NamedCell(keras.layers.Layer):
    """Base class of Keras RNN cells.

    A subclass has `Arguments`, the group of its arguments, and what `LoopRNN` asks for. Its first
    state is its output.

    Args:
        units: see the group of the subclass.
        **arguments: the others.

    Call arguments:
        inputs: `(B, I)`.
        states: a list of flat tensors `(B, size)`.

    Raises:
        ValueError: an argument that cannot be meant.
    """

    Arguments = None

    def __init__(self, units=None, **arguments):
        if units is not None:
            arguments["units"] = units
        own, rest = claim(self, arguments, self.Arguments)
        super().__init__(**rest)
        self.arguments = self.Arguments(**own)

    @property
    def state_size(self):
        return sizes_of(self.state_shapes)

    @property
    def output_size(self):
        return self.state_size[0]

    def call(self, inputs, states):
        states = shaped(states, self.state_shapes)
        output, states = self.step(self.project_inputs(inputs), states)
        return output, flattened(states)

    def get_initial_state(self, batch_size):
        """Zeros, `(batch_size, size)` for each size."""
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]

    def get_config(self):
        return {**super().get_config(), **self.arguments.config()}


class RecurrentNetwork(LoopRNN):
    """A `LoopRNN` made from the arguments of its cell, a `NamedCell`. A subclass says which."""

    Cell = None

    def __init__(self, units=None, **arguments):
        group = self.Cell.Arguments
        refuse_unknown(self, arguments, (*group.names(), *RNN_ARGUMENTS, *LAYER_ARGUMENTS))
        own, rest = divide(arguments, group)
        cell = self.Cell(units, **own, name="cell", dtype=rest.get("dtype"))
        super().__init__(cell, **rest)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return {**self.cell.arguments.config(), **config}

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))


def forget_ones(shape, dtype=None):
    """An initializer of the biases of i, f, c, o: 1 for the forget gate f, and else 0."""
    quarter = ops.arange(shape[0]) // (shape[0] // 4)
    return ops.cast(quarter == 1, dtype or "float32")
