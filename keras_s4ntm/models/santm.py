"""SANTM: a memory that few time steps access."""

from keras_s4ntm.layers.santm.arguments import SANTMArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("santm", takes=(SANTMArguments,))
def santm(sizes, **arguments):
    """Sparse Access NTM (Shan 2025): segments, and a memory that few time steps access."""
    from keras_s4ntm.layers import SANTM

    layer = SANTM(**arguments, return_sequences=sizes.target_kind != "classes", name="santm")
    return sequence_model(sizes, [layer], "santm")
