"""What the models share: layers one after the other, then a linear output."""


def sequence_model(sizes, layers, name):
    """`layers` one after the other, then a linear output layer.

    For bits, tokens and values it is applied to all time steps at once; for classes to the mean
    over time, unless the last layer gives the output of the last time step only.

    Args:
        sizes: the `Sizes` of the task.
        layers: Keras layers.
        name: of the model.

    Returns:
        A `keras.Model` to logits, or to values.
    """
    import keras

    from keras_s4ntm.layers import MeanOverTime

    inputs, hidden = sizes.inputs()
    for layer in layers:
        hidden = layer(hidden)
    if sizes.target_kind == "classes" and len(hidden.shape) == 3:
        hidden = MeanOverTime(name="mean")(hidden)
    outputs = keras.layers.Dense(sizes.output_size, name="outputs")(hidden)
    return keras.Model(inputs, outputs, name=name)


def stacked_model(sizes, name, units, make):
    """Recurrent layers one on the other; of a class the last one gives its last output only.

    Args:
        sizes: the `Sizes` of the task.
        name: of the model, and with a number of its layers.
        units: of the layer, or a list for stacked layers.
        make: `make(units, ...)` gives a layer.

    Returns:
        A `keras.Model` to logits, or to values.
    """
    from keras_s4ntm.layers.controllers.arguments import units_list

    units = units_list(units)
    layers = [
        make(
            size,
            return_sequences=sizes.target_kind != "classes" or i < len(units) - 1,
            name=f"{name}_{i}",
        )
        for i, size in enumerate(units)
    ]
    return sequence_model(sizes, layers, name)


def accesses_in_between(hyperparameters):
    """Whether the memory is accessed while the sequence goes on, not once after it."""
    return hyperparameters["access_interval"] != "sequence"
