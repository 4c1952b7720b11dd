"""S4D-NTM."""

from keras_s4ntm.layers.controllers.arguments import S4DArguments
from keras_s4ntm.layers.memory.arguments import DirectCellArguments
from keras_s4ntm.layers.ntm.arguments import NTMArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import accesses_in_between, sequence_model


@register_model(
    "s4d-ntm",
    takes=(S4DArguments, NTMArguments, DirectCellArguments),
    causal=accesses_in_between,
    streamable=accesses_in_between,
    reference="plain-ntm",
)
def s4d_ntm(sizes, **arguments):
    """State space features of the whole sequence drive the heads of a live memory."""
    from keras_s4ntm.layers import S4DNTM

    layer = S4DNTM(**arguments, return_sequences=True, name="s4d_ntm")
    return sequence_model(sizes, [layer], "s4d-ntm")
