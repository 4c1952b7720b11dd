"""State spaces without a memory."""

from keras_s4ntm.layers.s4d.arguments import StackArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("s4d", takes=(StackArguments,), reference="plain-s4d")
def s4d(sizes, **arguments):
    """The state space part of s4d-ntm without its memory: the control."""
    import keras

    from keras_s4ntm.layers import S4DBlock
    from keras_s4ntm.layers.controllers.controller import input_initializer

    arguments = StackArguments(**arguments)
    encoder = keras.layers.Dense(
        arguments.units,
        kernel_initializer=input_initializer(arguments.input_variance),
        name="encoder",
    )
    blocks = [S4DBlock(**arguments.block(), name=f"block_{i}") for i in range(arguments.blocks)]
    return sequence_model(sizes, [encoder, *blocks], "s4d")
