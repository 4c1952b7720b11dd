"""Any Keras RNN cell as a controller."""

import keras
from keras import ops

from keras_s4ntm.layers.controllers.controller import Controller


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class CellController(Controller):
    """Any Keras RNN cell as a controller; it is fed with `[input; reads]`.

    Args:
        cell: a Keras RNN cell with flat states, for example `keras.layers.GRUCell(100)` or
            `keras.layers.StackedRNNCells([...])`.

    Raises:
        ValueError: the cell has dropout. Only Keras' own RNN layers draw its masks anew.
    """

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        for part in getattr(cell, "cells", [cell]):
            if getattr(part, "dropout", 0) or getattr(part, "recurrent_dropout", 0):
                raise ValueError(
                    "The cell of a controller must have no dropout, whose masks only Keras' own "
                    "RNN layers draw anew: put keras.layers.Dropout around the memory network."
                )
        self.cell = cell
        self.state_size = keras.tree.flatten(cell.state_size)
        output_size = getattr(cell, "output_size", None)
        self.output_size = self.state_size[0] if output_size is None else output_size

    def build(self, input_size, read_size):
        if not self.cell.built:  # a cell that comes from a file is
            self.cell.build((None, input_size + read_size))
        self.built = True

    def project_inputs(self, inputs):
        return inputs

    def step(self, projected, reads, states, constants):
        states = keras.tree.pack_sequence_as(self.cell.state_size, states)
        states = states if keras.tree.is_nested(states) else [states]
        output, states = self.cell(ops.concatenate([projected, reads], axis=-1), states)
        # The cell may have a dtype policy of its own.
        output, *states = (
            ops.cast(x, self.compute_dtype) for x in keras.tree.flatten([output, states])
        )
        return output, states

    def get_config(self):
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config):
        cell = keras.saving.deserialize_keras_object(config.pop("cell"))
        return cls(cell, **config)
