"""A memory that is a matrix, written by the gated delta rule."""

from keras_s4ntm.layers.arguments import divide
from keras_s4ntm.layers.blocks.arguments import DeltaNetArguments, GatedFeedForwardArguments
from keras_s4ntm.models.blocks import BlocksArguments, blocks_model
from keras_s4ntm.models.registry import register_model


@register_model("deltanet", takes=(BlocksArguments, DeltaNetArguments, GatedFeedForwardArguments))
def deltanet(sizes, **arguments):
    """Gated DeltaNet: a matrix as memory, written with erase and add (Yang 2024)."""
    from keras_s4ntm.layers import GatedDeltaNet, GatedFeedForward

    stack, own, feedforward, _ = divide(
        arguments, BlocksArguments, DeltaNetArguments, GatedFeedForwardArguments
    )
    stack = BlocksArguments(**stack)
    parts = {
        "deltanet": lambda: GatedDeltaNet(**{**own, "units": stack.units}),
        "feedforward": lambda: GatedFeedForward(**{**feedforward, "units": stack.units}),
    }
    return blocks_model(sizes, "deltanet", stack, parts, "rms")
