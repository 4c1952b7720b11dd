"""What the models share: layers one after the other, then a linear output."""


def sequence_model(sizes, layers, name):
    """`layers` one after the other, then a linear output layer.

    For bits and tokens it is applied to all time steps at once; for classes to the mean over time,
    unless the last layer gives the output of the last time step only.

    Args:
        sizes: the `Sizes` of the task.
        layers: Keras layers.
        name: of the model.

    Returns:
        A `keras.Model` to logits.
    """
    import keras

    from keras_s4ntm.layers import MeanOverTime

    inputs = keras.Input((None, sizes.input_size), name="inputs")
    hidden = inputs
    for layer in layers:
        hidden = layer(hidden)
    if sizes.target_kind == "classes" and len(hidden.shape) == 3:
        hidden = MeanOverTime(name="mean")(hidden)
    outputs = keras.layers.Dense(sizes.output_size, name="outputs")(hidden)
    return keras.Model(inputs, outputs, name=name)


def accesses_in_between(hyperparameters):
    """Whether the memory is accessed while the sequence goes on, not once after it."""
    return hyperparameters["access_interval"] != "sequence"
