"""The baselines without an external memory: stacked layers of Keras."""

from keras_s4ntm.models.registry import register_model
from keras_s4ntm.models.sequence import stacked_model


@register_model("lstm")
def lstm(sizes, *, units: int | list[int] = [256, 256, 256]):  # noqa: B006  never changed
    """Stacked LSTM layers, the baseline of the field (three of 256 units in Graves 2014)."""
    import keras

    return stacked_model(sizes, "lstm", units, keras.layers.LSTM)


@register_model("gru")
def gru(sizes, *, units: int | list[int] = [256, 256, 256]):  # noqa: B006  never changed
    """Stacked GRU layers, in the place of LSTM layers (Cho 2014)."""
    import keras

    return stacked_model(sizes, "gru", units, keras.layers.GRU)
