"""`.keras` files with layers, metrics and optimizers of this package."""


def load_model(path, **arguments):
    """`keras.saving.load_model`, with everything of this package known by name.

    Args:
        path: of a `.keras` file.
        **arguments: see `keras.saving.load_model`.

    Raises:
        ValueError: the file was made by another version of this package.
    """
    import keras

    # What is imported is registered; with one layer come all of them.
    from keras_s4ntm.data import metrics  # noqa: F401
    from keras_s4ntm.layers import MemoryRNN  # noqa: F401
    from keras_s4ntm.training import optimizers  # noqa: F401

    return keras.saving.load_model(path, **arguments)
