"""The models by name: `build_model("ntm", task, memory_size=256)`.

To add a model: a function of a task and keyword-only hyperparameters with types and defaults,
decorated with `@register`. Training, evaluation, export and the command line then know it.

Layers are imported inside the functions: names and values are checked, and `s4ntm list` answers,
before a framework is loaded.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.parameters import ParameterError, check_value, choose, parameters_of, suggest


@dataclasses.dataclass(frozen=True)
class Model:
    """A registered model."""

    name: str
    summary: str
    build: Callable
    parameters: dict  # {name: (type, default)}
    recipe: dict  # numbers of training that differ from the defaults of `Recipe`


MODELS = {}
DEFAULT_MODEL = "s4d-ntm"


def register(name, **recipe):
    """Register a model-building function under `name`, with numbers of training that suit it."""

    def decorate(build):
        summary = inspect.getdoc(build).splitlines()[0]
        MODELS[name] = Model(name, summary, build, parameters_of(build), recipe)
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
        task: anything with `input_size`, `output_size` and `output` (`"bits"`, `"tokens"` or
            `"classes"`), and perhaps `recall` (see `Task`): a task of `keras_s4ntm.tasks`, for
            example.
        **hyperparameters: see `s4ntm list models`.

    Returns:
        A `keras.Model` from `(B, T, input_size)` to the logits, `(B, T, output_size)` of bits and
        tokens, `(B, output_size)` of classes; any batch size and any length.

    Raises:
        ValueError: unknown model or hyperparameter, or a value that is not accepted.
    """
    hyperparameters = check_hyperparameters(name, hyperparameters)
    return MODELS[name].build(task, **hyperparameters)


def defaults_of(answers, classes):
    """Defaults of a model by the kind of a task's output (`Task.output`).

    Args:
        answers: where answers are given step by step, and single events must reach the memory:
            bits and tokens.
        classes: where one answer is given about the whole of a long sequence.
    """
    return {"bits": answers, "tokens": answers, "classes": classes}


S4D_DEFAULTS = defaults_of(
    answers={"blocks": 1, "dt_min": 0.1, "dt_max": 1.0, "dropout": 0.0},
    classes={"blocks": 4, "dt_min": 1e-3, "dt_max": 0.1, "dropout": 0.05},
)
S4DNTM_DEFAULTS = defaults_of(
    answers={"output": "recent-reads", "access_interval": 1, "read_heads": 2},
    classes={"output": "all", "access_interval": 16, "read_heads": 1},
)
S4DNTM_RECALL = {  # by how a task asks for what was heard (`Task.recall`)
    None: {"initial_heads": "walk-and-search", "read_feedback": False},
    "in-order": {"initial_heads": "keep-walking", "read_feedback": False},
    "repeatedly": {"initial_heads": "keep-walking", "read_feedback": True},
    "by-content": {"initial_heads": "walk-and-look-up", "read_feedback": False},
}
NTM_DEFAULTS = defaults_of(
    answers={"output": "reads", "controller": "forgetful-lstm"},
    classes={"output": "all", "controller": "lstm"},
)


def ntm_defaults(task):
    """Those of networks with a controller. Where the same is recalled several times it counts, and
    its outputs say when the end is reached.
    """
    repeatedly = getattr(task, "recall", None) == "repeatedly"
    return {**NTM_DEFAULTS[task.output], **({"output": "all"} if repeatedly else {})}


def chosen(given, defaults):
    """The arguments that are not `None`; for the others the defaults."""
    return {**given, **{k: v for k, v in defaults.items() if given[k] is None}}


def sequence_model(task, layers, name):
    """`layers` one after the other, then a linear output layer.

    For bits and tokens it is applied to all time steps at once; for classes to the mean over time,
    unless the last layer gives the output of the last step only.
    """
    import keras

    from keras_s4ntm.layers import MeanOverTime

    inputs = keras.Input((None, task.input_size), name="inputs")
    hidden = inputs
    for layer in layers:
        hidden = layer(hidden)
    if task.output == "classes" and len(hidden.shape) == 3:
        hidden = MeanOverTime(name="mean")(hidden)
    outputs = keras.layers.Dense(task.output_size, name="outputs")(hidden)
    return keras.Model(inputs, outputs, name=name)


def s4d_layers(task, units, blocks, state_dimension, dt_min, dt_max, dropout):
    """An encoder and S4D blocks; where an argument is `None`, the default for the task."""
    import keras

    from keras_s4ntm.layers import S4DBlock
    from keras_s4ntm.layers.controllers import input_initializer

    given = {"blocks": blocks, "dt_min": dt_min, "dt_max": dt_max, "dropout": dropout}
    arguments = chosen(given, S4D_DEFAULTS[task.output])
    layers = [keras.layers.Dense(units, kernel_initializer=input_initializer(), name="encoder")]
    for i in range(check_positive_int("blocks", arguments.pop("blocks"))):
        layers.append(S4DBlock(units, state_dimension, **arguments, name=f"block_{i}"))
    return layers


# Single gradients are fifty times as large as the usual ones and undo what was learned, or keep it
# from being learned. Clipped to norm 1 they ended two trainings of copy in five with an NTM.
CLIP_NORM = 0.3


@register("s4d-ntm", learning_rate=4e-3, steps=800, patience=3, clip_norm=CLIP_NORM)
def s4d_ntm(
    task,
    *,
    units: int = 64,
    blocks: int | None = None,
    state_dimension: int = 64,
    dt_min: float | None = None,
    dt_max: float | None = None,
    dropout: float | None = None,
    memory_size: int = 128,
    memory_width: int = 32,
    read_heads: int | None = None,
    write_heads: int = 1,
    shift_range: int = 1,
    initial_heads: str | None = None,
    head_noise: float = 0.25,
    output: str | None = None,
    access_interval: int | str | None = None,
    access_probability: float = 1.0,
    read_feedback: bool | None = None,
    head_inputs: str = "features",
):
    """State space features of the whole sequence drive the heads of a live memory."""
    from keras_s4ntm.layers import S4DNTM

    arguments = dict(locals())
    del arguments["task"], arguments["S4DNTM"]
    defaults = {
        **S4D_DEFAULTS[task.output],
        **S4DNTM_DEFAULTS[task.output],
        **S4DNTM_RECALL[getattr(task, "recall", None)],
    }
    layer = S4DNTM(**chosen(arguments, defaults), return_sequences=True, name="s4d_ntm")
    return sequence_model(task, [layer], "s4d-ntm")


@register("s4d", learning_rate=4e-3, steps=800)
def s4d(
    task,
    *,
    units: int = 64,
    blocks: int | None = None,
    state_dimension: int = 64,
    dt_min: float | None = None,
    dt_max: float | None = None,
    dropout: float | None = None,
):
    """The state space part of s4d-ntm without its memory: the control."""
    arguments = dict(locals())
    return sequence_model(task, s4d_layers(**arguments), "s4d")


NTM_RECIPE = {"steps": 1500, "patience": 6, "clip_norm": CLIP_NORM}


@register("ntm", **NTM_RECIPE)
def ntm(
    task,
    *,
    controller: str | None = None,
    units: int | list[int] = 100,
    memory_size: int = 128,
    memory_width: int = 20,
    read_heads: int = 1,
    write_heads: int = 1,
    shift_range: int = 1,
    initial_heads: str = "search",
    head_noise: float = 0.25,
    output: str | None = None,
    order: str = "read-first",
    access_probability: float = 1.0,
):
    """Neural Turing Machine (Graves 2014); controller lstm, forgetful-lstm or feedforward."""
    from keras_s4ntm.layers import NTM

    arguments = dict(locals())
    del arguments["task"], arguments["NTM"]
    arguments = chosen(arguments, ntm_defaults(task))
    layer = NTM(**arguments, return_sequences=task.output != "classes", name="ntm")
    return sequence_model(task, [layer], "ntm")


cached = functools.partial(ntm, access_probability=0.5)
cached.__doc__ = "A Neural Turing Machine that skips its memory at random steps of training."
register("ntm-cached", **NTM_RECIPE)(cached)


# Updates of few sequences: the links of eight fit into the cache of a core, those of 32 do not.
@register("dnc", steps=2500, batch_size=8)
def dnc(
    task,
    *,
    controller: str | None = None,
    units: int | list[int] = 100,
    memory_size: int = 128,
    memory_width: int = 20,
    read_heads: int = 1,
    content_masking: bool = False,
    mask_floor: float = 0.0,
    deallocation: bool = False,
    link_sharpness: bool = False,
    sparse_links: int | None = None,
    head_noise: float = 0.25,
    output: str | None = None,
    order: str = "read-first",
):
    """Differentiable Neural Computer (Graves 2016), with revisions of 2019; controllers as ntm."""
    from keras_s4ntm.layers import DNC

    arguments = dict(locals())
    del arguments["task"], arguments["DNC"]
    arguments = chosen(arguments, ntm_defaults(task))
    layer = DNC(**arguments, return_sequences=task.output != "classes", name="dnc")
    return sequence_model(task, [layer], "dnc")


@register("s4d-dnc", learning_rate=4e-3, steps=800)
def s4d_dnc(
    task,
    *,
    units: int = 64,
    blocks: int | None = None,
    state_dimension: int = 64,
    dt_min: float | None = None,
    dt_max: float | None = None,
    dropout: float | None = None,
    memory_size: int = 128,
    memory_width: int = 20,
    read_heads: int = 1,
    content_masking: bool = False,
    mask_floor: float = 0.0,
    deallocation: bool = False,
    link_sharpness: bool = False,
    sparse_links: int | None = None,
    head_noise: float = 0.25,
    output: str | None = None,
    order: str = "read-first",
):
    """State space features of the whole sequence drive the feed-forward controller of a DNC."""
    from keras_s4ntm.layers import DNC

    layer = DNC(
        units,
        memory_size,
        memory_width,
        read_heads,
        "feedforward",
        output or ntm_defaults(task)["output"],
        order,
        content_masking=content_masking,
        mask_floor=mask_floor,
        deallocation=deallocation,
        link_sharpness=link_sharpness,
        sparse_links=sparse_links,
        head_noise=head_noise,
        return_sequences=task.output != "classes",
        name="dnc",
    )
    features = s4d_layers(task, units, blocks, state_dimension, dt_min, dt_max, dropout)
    return sequence_model(task, [*features, layer], "s4d-dnc")


LSTM_UNITS = defaults_of(answers=[256, 256, 256], classes=[128])


@register("lstm")
def lstm(task, *, units: int | list[int] | None = None):
    """Stacked LSTM layers, the baseline of the field (three of 256 units in Graves 2014)."""
    import keras

    from keras_s4ntm.layers.controllers import units_list

    sizes = units_list(LSTM_UNITS[task.output] if units is None else units)
    layers = [
        keras.layers.LSTM(
            size, return_sequences=task.output != "classes" or i < len(sizes) - 1, name=f"lstm_{i}"
        )
        for i, size in enumerate(sizes)
    ]
    return sequence_model(task, layers, "lstm")
