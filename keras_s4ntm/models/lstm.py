"""The baseline without an external memory."""

from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import sequence_model


@register_model("lstm")
def lstm(sizes, *, units: int | list[int] = [256, 256, 256]):  # noqa: B006  never changed
    """Stacked LSTM layers, the baseline of the field (three of 256 units in Graves 2014)."""
    import keras

    from keras_s4ntm.layers.controllers.arguments import units_list

    units = units_list(units)
    layers = [
        keras.layers.LSTM(
            size,
            return_sequences=sizes.target_kind != "classes" or i < len(units) - 1,
            name=f"lstm_{i}",
        )
        for i, size in enumerate(units)
    ]
    return sequence_model(sizes, layers, "lstm")
