"""The transformer: attention is its memory."""

from keras_s4ntm.layers.arguments import divide
from keras_s4ntm.layers.blocks.arguments import AttentionArguments, FeedForwardArguments
from keras_s4ntm.models.blocks import BlocksArguments, blocks_model
from keras_s4ntm.models.registry import register_model


@register_model("transformer", takes=(BlocksArguments, AttentionArguments, FeedForwardArguments))
def transformer(sizes, **arguments):
    """A causal transformer with a norm before every layer (Vaswani 2017, Xiong 2020)."""
    from keras_s4ntm.layers import CausalAttention, FeedForward

    stack, attention, feedforward, _ = divide(
        arguments, BlocksArguments, AttentionArguments, FeedForwardArguments
    )
    stack = BlocksArguments(**stack)
    parts = {
        "attention": lambda: CausalAttention(**{**attention, "units": stack.units}),
        "feedforward": lambda: FeedForward(**{**feedforward, "units": stack.units}),
    }
    return blocks_model(sizes, "transformer", stack, parts, "layer", positions=True)
