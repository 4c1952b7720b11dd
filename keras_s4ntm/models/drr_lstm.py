"""An LSTM with dynamic recurrent routes, without a memory beside it."""

from keras_s4ntm.layers.recurrent.arguments import DRRLSTMArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("drr-lstm", takes=(DRRLSTMArguments,))
def drr_lstm(sizes, **arguments):
    """An LSTM that chooses how old a state it uses: ours, after the abstract of Shan 2023."""
    from keras_s4ntm.layers import DRRLSTM

    sequences = sizes.target_kind != "classes"
    layer = DRRLSTM(**arguments, return_sequences=sequences, name="drr_lstm")
    return sequence_model(sizes, [layer], "drr-lstm")
