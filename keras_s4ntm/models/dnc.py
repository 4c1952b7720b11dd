"""Differentiable Neural Computers."""

from keras_s4ntm.layers.arguments import divide
from keras_s4ntm.layers.controllers.arguments import ControllerArguments, S4DArguments
from keras_s4ntm.layers.dnc.arguments import DNCArguments
from keras_s4ntm.layers.memory.arguments import CellArguments, DirectCellArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import accesses_in_between, sequence_model


@register_model("dnc", takes=(ControllerArguments, DNCArguments, CellArguments))
def dnc(sizes, **arguments):
    """Differentiable Neural Computer (Graves 2016), with revisions of 2019; controllers as ntm."""
    from keras_s4ntm.layers import DNC

    layer = DNC(**arguments, return_sequences=sizes.target_kind != "classes", name="dnc")
    return sequence_model(sizes, [layer], "dnc")


@register_model(
    "s4d-dnc",
    takes=(S4DArguments, DNCArguments, DirectCellArguments),
    causal=accesses_in_between,
    streamable=accesses_in_between,
)
def s4d_dnc(sizes, **arguments):
    """State space features of the whole sequence drive the heads of a DNC's memory."""
    from keras_s4ntm.layers import DNCAccess, MemoryCell, MemoryRNN, S4DController

    controller, access, cell = divide(arguments, S4DArguments, DNCArguments, DirectCellArguments)[
        :3
    ]
    cell = DirectCellArguments(**cell).config()
    layer = MemoryRNN(
        MemoryCell(S4DController(**controller), DNCAccess(**access), **cell),
        return_sequences=True,
        name="s4d_dnc",
    )
    return sequence_model(sizes, [layer], "s4d-dnc")
