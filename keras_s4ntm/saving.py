"""`.keras` files with layers, metrics and optimizers of this package."""

import importlib


def load_model(path, **arguments):
    """`keras.saving.load_model`, with everything of this package known by name.

    Args:
        path: of a `.keras` file.
        **arguments: see `keras.saving.load_model`.

    Raises:
        ValueError: the file was made by another version of this package.
    """
    import keras

    from keras_s4ntm import layers

    for name in layers.__all__:
        getattr(layers, name)  # is imported, and so registered
    importlib.import_module("keras_s4ntm.data.metrics")
    importlib.import_module("keras_s4ntm.training.optimizers")
    return keras.saving.load_model(path, **arguments)
