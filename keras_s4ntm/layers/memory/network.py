"""Cells and layers whose parts are made from arguments by name: `NTM`, `DNC`, `S4DNTM`.

They are conveniences over `MemoryCell(controller, access)` and `MemoryRNN(cell)`.
"""

import keras

from keras_s4ntm.layers.arguments import LAYER_ARGUMENTS, RNN_ARGUMENTS, divide, refuse_unknown
from keras_s4ntm.layers.controllers.get import make_controller
from keras_s4ntm.layers.file_format import check_format
from keras_s4ntm.layers.memory.arguments import CellArguments
from keras_s4ntm.layers.memory.cell import MemoryCell
from keras_s4ntm.layers.memory.rnn import MemoryRNN


class NamedCell(MemoryCell):
    """A `MemoryCell` made from the arguments of its parts.

    A subclass says what its parts are: `Controller`, a group of arguments of `make_controller`;
    `Access`, a `MemoryAccess`; `Cell`, its `CellArguments`.
    """

    Cell = CellArguments

    def __init__(self, units=None, **arguments):
        if units is not None:
            arguments["units"] = units
        refuse_unknown(self, arguments, (*self.names(), *LAYER_ARGUMENTS))
        controller, access, cell, rest = divide(arguments, *self.groups())
        self.controller_arguments = self.Controller(**controller)
        dtype = rest.get("dtype")
        super().__init__(
            make_controller(self.controller_arguments, dtype),
            self.Access(**access, name="access", dtype=dtype),
            **self.Cell(**cell).config(),
            **rest,
        )

    @classmethod
    def groups(cls):
        """The groups of arguments of its parts."""
        return cls.Controller, cls.Access.Arguments, cls.Cell

    @classmethod
    def names(cls):
        """The names of all arguments of its parts."""
        return tuple(name for group in cls.groups() for name in group.names())

    def get_config(self):
        config = {**self.access.get_config(), **self.arguments.config()}
        config.update(self.controller_arguments.config())
        if not isinstance(config.get("controller", ""), str):
            config["controller"] = keras.saving.serialize_keras_object(config["controller"])
        return {**config, **keras.layers.Layer.get_config(self)}

    @classmethod
    def from_config(cls, config):
        return cls(**with_controller(config))


class MemoryNetwork(MemoryRNN):
    """A `MemoryRNN` made from the arguments of its cell, a `NamedCell`. A subclass says which."""

    def __init__(self, units=None, **arguments):
        names = self.Cell.names()
        refuse_unknown(self, arguments, (*names, *RNN_ARGUMENTS, *LAYER_ARGUMENTS))
        own = {name: arguments.pop(name) for name in names if name in arguments}
        super().__init__(
            self.Cell(units, **own, name="cell", dtype=arguments.get("dtype")), **arguments
        )

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return {**self.cell.get_config(), **config}

    @classmethod
    def from_config(cls, config):
        return cls(**with_controller(check_format(cls, config)))


def with_controller(config):
    """A config with its controller as an object, where it was one."""
    if isinstance(config.get("controller"), dict):
        controller = keras.saving.deserialize_keras_object(config["controller"])
        return {**config, "controller": controller}
    return config
