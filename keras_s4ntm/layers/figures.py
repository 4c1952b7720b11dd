"""Figures that a layer gives of its own work, such as the share of time steps that it updates.

A layer with `figures`, a list of `Figure`, adds to them in training, and otherwise while they are
watched. Training then reports them with its metrics, and an evaluation with its scores.
"""

import contextlib

import keras
from keras import ops


class Figure:
    """The mean over sequences of a number. Its variables are those of a layer, but no weights.

    Args:
        name: what it is called in a history and in the results of an evaluation.
    """

    def __init__(self, name):
        self.mean = keras.metrics.Mean(name)
        self.is_watched = False

    @property
    def name(self):
        return self.mean.name

    @property
    def variables(self):
        return self.mean.variables

    def add(self, values):
        """Count the numbers of some sequences, `(B,)`."""
        self.mean.update_state(ops.stop_gradient(values))

    def value(self):
        """The mean since `reset`, a number."""
        return float(ops.convert_to_numpy(self.mean.result()))

    def reset(self):
        self.mean.reset_state()


def figures_of(model):
    """The figures of all layers of a model, a list; of what only has `predict` there are none."""
    layers = getattr(model, "layers", ())
    return [figure for layer in layers for figure in getattr(layer, "figures", ())]


@contextlib.contextmanager
def watching(model):
    """A context in which `predict` of a model counts; gives the figures, from nothing on."""
    figures = figures_of(model)
    for figure in figures:
        figure.reset()
        figure.is_watched = True
    model.predict_function = None  # compiled without counting
    try:
        yield figures
    finally:
        for figure in figures:
            figure.is_watched = False
        model.predict_function = None
