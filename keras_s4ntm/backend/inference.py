"""Functions that are run and never trained: without gradients, compiled where that is quick."""

import contextlib

import keras


def without_gradients():
    """A context in which PyTorch keeps nothing for a backward pass; the others need none."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def compiled(function):
    """A function of tensors, compiled when it first runs. PyTorch would take half a minute to
    compile it, and runs it as it is.

    Args:
        function: of nests of tensors of the same shapes at every call; it returns such a nest.
    """
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)
    return function
