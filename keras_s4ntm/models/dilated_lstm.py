"""LSTM layers whose states come from longer and longer ago, without a memory beside them."""

from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("dilated-lstm")
def dilated_lstm(sizes, *, units: int = 20, layers: int = 9):
    """LSTM layers whose states come from 1, 2, 4, ... steps before (Chang 2017)."""
    from keras_s4ntm.checks import check_positive_int
    from keras_s4ntm.layers import DilatedLSTM

    count = check_positive_int("layers", layers)
    stack = [
        DilatedLSTM(
            units,
            dilation=2**i,
            return_sequences=sizes.target_kind != "classes" or i < count - 1,
            name=f"dilated_lstm_{i}",
        )
        for i in range(count)
    ]
    return sequence_model(sizes, stack, "dilated-lstm")
