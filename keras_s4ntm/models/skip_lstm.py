"""An LSTM that skips state updates, without a memory beside it."""

from keras_s4ntm.layers.recurrent.arguments import SkipLSTMArguments
from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("skip-lstm", takes=(SkipLSTMArguments,))
def skip_lstm(sizes, **arguments):
    """An LSTM that learns at which time steps to update its state (Campos 2018)."""
    from keras_s4ntm.layers import SkipLSTM

    sequences = sizes.target_kind != "classes"
    layer = SkipLSTM(**arguments, return_sequences=sequences, name="skip_lstm")
    return sequence_model(sizes, [layer], "skip-lstm")
