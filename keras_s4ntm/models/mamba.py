"""Selective state spaces without a memory beside them."""

from keras_s4ntm.layers.arguments import divide
from keras_s4ntm.layers.blocks.arguments import MambaArguments
from keras_s4ntm.models.blocks import BlocksArguments, blocks_model
from keras_s4ntm.models.registry import register_model


@register_model("mamba", takes=(BlocksArguments, MambaArguments))
def mamba(sizes, **arguments):
    """Selective state spaces, whose step sizes follow the input (Gu and Dao 2023)."""
    from keras_s4ntm.layers import Mamba

    stack, own, _ = divide(arguments, BlocksArguments, MambaArguments)
    stack = BlocksArguments(**stack)
    parts = {"mamba": lambda: Mamba(**{**own, "units": stack.units})}
    return blocks_model(sizes, "mamba", stack, parts, "rms")
