"""The models by name: `build_model("ntm", task, memory_size=256)`.

A model is a function of the sizes of a task and of hyperparameters; it never asks which task it
serves. Names and values are checked before a framework is loaded: layers are imported inside the
functions.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import NamedTuple

from keras_s4ntm.parameters import check_parameters, choose, parameters_of
from keras_s4ntm.registry import Registry


class Sizes(NamedTuple):
    """All that a model is told of a task."""

    input_size: int
    output_size: int
    target_kind: str  # "bits", "tokens", "classes" or "values"
    standardization: tuple | None = None  # arguments of `Standardization`; see `inputs`

    def inputs(self):
        """`(inputs, hidden)`: the input of a model, and what its first layer takes.

        Where a task has a standardization they differ: `Standardization` stands between them, and
        its mask of the steps that are there, if it has one, goes on through the layers.
        """
        import keras

        inputs = keras.Input((None, self.input_size), name="inputs")
        if self.standardization is None:
            return inputs, inputs
        from keras_s4ntm.layers import Standardization

        return inputs, Standardization(*self.standardization, name="standardization")(inputs)


@dataclasses.dataclass(frozen=True)
class Model:
    """A registered model: how it is built, and what it can do."""

    name: str
    summary: str
    build: Callable
    parameters: dict  # {name: (type, default)}
    causal: bool | Callable
    streamable: bool | Callable
    reference: str | None

    def is_causal(self, hyperparameters):
        """Whether no output depends on a later input. Other models are never padded."""
        return _answer(self.causal, hyperparameters)

    def is_streamable(self, hyperparameters):
        """Whether it runs one time step at a time, with explicit states."""
        return _answer(self.streamable, hyperparameters)

    def defaults(self):
        """`{name: default}` of all hyperparameters."""
        return {name: default for name, (_, default) in self.parameters.items()}


def _answer(declared, hyperparameters):
    return declared(hyperparameters) if callable(declared) else declared


MODELS = Registry("model")
DEFAULT_MODEL = "s4d-ntm"


def register_model(name, *, takes=(), causal=True, streamable=True, reference=None):
    """Register a model; training, evaluation, export, bench and the command line then know it.

    The decorated function gets the `Sizes` of a task and hyperparameters by keyword, and returns a
    `keras.Model` from `(B, T, input_size)` to logits, or to values. Its keyword-only arguments,
    with types and defaults, are the hyperparameters; the first line of its docstring is the
    summary.

    Args:
        name: the model's name.
        takes: groups of arguments (`layers.arguments.Arguments`) that are hyperparameters too.
        causal: whether no output depends on a later input; or a function of the hyperparameters.
        streamable: whether it runs one time step at a time: every layer has `step` and
            `get_initial_state`, or treats all time steps alike; or a function of the
            hyperparameters.
        reference: the network in plain PyTorch that `s4ntm bench` compares it with (a name of
            `benchmark.REFERENCES`); default: none.

    Raises:
        ValueError: the name is taken, or a hyperparameter has the name of a parameter of a task or
            of training.
    """

    def decorate(build):
        parameters = {}
        for group in takes:
            parameters.update(parameters_of(group))
        parameters.update(parameters_of(build))
        summary = (inspect.getdoc(build) or name).splitlines()[0]
        model = Model(name, summary, build, parameters, causal, streamable, reference)
        MODELS.add(name, model, parameters)
        return build

    return decorate


def check_hyperparameters(name, hyperparameters):
    """The hyperparameters of a model, each as its declared type.

    Raises:
        ParameterError: unknown model, unknown hyperparameter, or a value of another type.
    """
    return check_parameters(name, hyperparameters, choose("model", name, MODELS).parameters)


def build_model(name, task, **hyperparameters):
    """A Keras model for a task.

    Args:
        name: a key of `MODELS`, for example `"ntm"`.
        task: anything with `input_size`, `output_size` and `target_kind` (`"bits"`, `"tokens"`,
            `"classes"` or `"values"`), and perhaps a `standardization`: a task of
            `keras_s4ntm.tasks`, for example.
        **hyperparameters: see `s4ntm list models`. The others start as the layers do; presets
            (`keras_s4ntm.presets`) have values that suit a task.

    Returns:
        A `keras.Model` from `(B, T, input_size)` to the logits, `(B, T, output_size)` of bits and
        tokens, `(B, output_size)` of classes, or to values `(B, T, output_size)`; any batch size
        and any length.

    Raises:
        ValueError: unknown model or hyperparameter, or a value that is not accepted.
    """
    hyperparameters = check_hyperparameters(name, hyperparameters)
    standardization = getattr(task, "standardization", None)
    sizes = Sizes(task.input_size, task.output_size, task.target_kind, standardization)
    return MODELS[name].build(sizes, **hyperparameters)
