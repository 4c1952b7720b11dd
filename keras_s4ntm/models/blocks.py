"""What models have in common that are parallel over time: an encoder, residual blocks, a norm."""

from dataclasses import dataclass

from keras_s4ntm.checks import check_positive, check_positive_int
from keras_s4ntm.layers.arguments import Arguments
from keras_s4ntm.models.sequence import sequence_model


@dataclass(kw_only=True)
class BlocksArguments(Arguments):
    """Of a linear encoder and residual blocks, one on the other.

    Args:
        units: H, the channels between the blocks.
        blocks: how many blocks.
        input_variance: variance of the encoder's initial weights, times the number of inputs.
            Default: Glorot's.
    """

    units: int = 64
    blocks: int = 2
    input_variance: float | None = None

    def __post_init__(self):
        self.units = check_positive_int("units", self.units)
        self.blocks = check_positive_int("blocks", self.blocks)
        if self.input_variance is not None:
            check_positive("input_variance", self.input_variance)


def blocks_model(sizes, name, arguments, parts, norm, positions=False):
    """A model of residual blocks.

    Args:
        sizes: the `Sizes` of the task.
        name: of the model.
        arguments: `BlocksArguments`.
        parts: `{name: function that makes a layer}`, the layers of a block. Each gets a norm before
            it and a way around both.
        norm: see `Residual`. There is one more before the output.
        positions: whether the blocks are told the place of a step.

    Returns:
        A `keras.Model` to logits.
    """
    import keras

    from keras_s4ntm.layers import Norm, PositionEncoding, Residual
    from keras_s4ntm.layers.controllers.controller import input_initializer

    encoder = keras.layers.Dense(
        arguments.units,
        kernel_initializer=input_initializer(arguments.input_variance),
        name="encoder",
    )
    blocks = [
        Residual(make(), norm=norm, name=f"block_{i}_{part}")
        for i in range(arguments.blocks)
        for part, make in parts.items()
    ]
    places = [PositionEncoding(name="positions")] if positions else []
    return sequence_model(sizes, [encoder, *places, *blocks, Norm(norm, name="norm")], name)
