"""Neural Turing Machines."""

from keras_s4ntm.layers.controllers.arguments import ControllerArguments
from keras_s4ntm.layers.memory.arguments import CellArguments
from keras_s4ntm.layers.ntm.arguments import NTMArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model

TAKES = (ControllerArguments, NTMArguments, CellArguments)


@register_model("ntm", takes=TAKES, reference="plain-ntm")
def ntm(sizes, **arguments):
    """Neural Turing Machine (Graves 2014); controller lstm or feedforward."""
    from keras_s4ntm.layers import NTM

    layer = NTM(**arguments, return_sequences=sizes.target_kind != "classes", name="ntm")
    return sequence_model(sizes, [layer], "ntm")


@register_model("ntm-cached", takes=TAKES, reference="plain-ntm")
def cached_ntm(sizes, *, access_probability: float = 0.5, **arguments):
    """A Neural Turing Machine that skips its memory at random steps of training."""
    return ntm(sizes, access_probability=access_probability, **arguments)
