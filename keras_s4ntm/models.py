"""The models by name: `build_model("ntm", task, memory_size=256)`.

To add a model: a function of a task and keyword-only hyperparameters with types and defaults,
decorated with `@register`. Training, evaluation, export and the command line then know it.

Layers are imported inside the functions: names and values are checked, and `s4ntm list` answers,
before a framework is loaded.
"""

import dataclasses
import inspect
from collections.abc import Callable

from keras_s4ntm.parameters import ParameterError, check_value, choose, parameters_of, suggest


@dataclasses.dataclass(frozen=True)
class Model:
    """A registered model."""

    name: str
    summary: str
    build: Callable
    parameters: dict  # {name: (type, default)}


MODELS = {}


def register(name):
    """Register a model-building function under `name`."""

    def decorate(build):
        summary = inspect.getdoc(build).splitlines()[0]
        MODELS[name] = Model(name, summary, build, parameters_of(build))
        return build

    return decorate


def check_hyperparameters(name, hyperparameters):
    """The hyperparameters with their values converted to the declared types.

    Raises:
        ParameterError: unknown model, unknown hyperparameter, or a value of the wrong type.
    """
    parameters = choose("model", name, MODELS).parameters
    for key in hyperparameters:
        if key not in parameters:
            raise ParameterError(suggest(f"parameter of {name}", key, list(parameters)))
    return {
        key: check_value(key, value, parameters[key][0]) for key, value in hyperparameters.items()
    }


def build_model(name, task, **hyperparameters):
    """A Keras model for a task.

    Args:
        name: a key of `MODELS`, for example `"ntm"`.
        task: anything with `input_size` and `output_size`, for example a task of
            `keras_s4ntm.tasks`.
        **hyperparameters: see `s4ntm list models`.

    Returns:
        A `keras.Model` from `(B, T, input_size)` to the logits `(B, T, output_size)`; any batch
        size and any length.

    Raises:
        ValueError: unknown model or hyperparameter, or a value that is not accepted.
    """
    hyperparameters = check_hyperparameters(name, hyperparameters)
    return MODELS[name].build(task, **hyperparameters)


def sequence_model(task, layers, name):
    """`layers` one after the other, then a linear output layer for all time steps at once."""
    import keras

    inputs = keras.Input((None, task.input_size), name="inputs")
    hidden = inputs
    for layer in layers:
        hidden = layer(hidden)
    outputs = keras.layers.Dense(task.output_size, name="outputs")(hidden)
    return keras.Model(inputs, outputs, name=name)


@register("ntm")
def ntm(
    task,
    *,
    controller: str = "lstm",
    units: int | list[int] = 100,
    memory_size: int = 128,
    memory_width: int = 20,
    read_heads: int = 1,
    write_heads: int = 1,
    shift_range: int = 1,
):
    """Neural Turing Machine (Graves 2014); controller lstm or feedforward."""
    from keras_s4ntm.layers import NTM

    layer = NTM(
        units,
        memory_size=memory_size,
        memory_width=memory_width,
        read_heads=read_heads,
        write_heads=write_heads,
        shift_range=shift_range,
        controller=controller,
        return_sequences=True,
        name="ntm",
    )
    return sequence_model(task, [layer], "ntm")


@register("lstm")
def lstm(task, *, units: int | list[int] = [256, 256, 256]):  # noqa: B006
    """Stacked LSTM layers, the baseline of the field (three of 256 units in Graves 2014)."""
    import keras

    from keras_s4ntm.layers.controllers import units_list

    layers = [
        keras.layers.LSTM(u, return_sequences=True, name=f"lstm_{i}")
        for i, u in enumerate(units_list(units))
    ]
    return sequence_model(task, layers, "lstm")
