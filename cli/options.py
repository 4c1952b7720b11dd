"""Options that commands share, and the experiment that their values choose."""

import functools
import os
from contextlib import contextmanager
from pathlib import Path

import click

from keras_s4ntm.presets import AUTO, NONE

OWN_DATA, FILES = "npz", (".npz", ".ts")  # the task of a user's own sequences, and how they end


def common_options(function):
    """`--backend`, and the options of output."""
    backend = click.option("--backend", metavar="NAME", help="tensorflow, torch or jax.")
    return backend(output_options(function))


def output_options(function):
    """`--quiet`, `--json` and `--debug`."""
    options = [
        click.option("--quiet", is_flag=True, help="No progress, no tables."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option(
            "--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure."
        ),
    ]
    return functools.reduce(lambda f, option: option(f), reversed(options), function)


def data_option(function):
    """`--data-dir`, for tasks that load data."""

    def use(ctx, param, value):
        if value is not None:
            os.environ["TFDS_DATA_DIR"] = value  # which tensorflow_datasets reads at its import

    return click.option(
        "--data-dir",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        expose_value=False,
        callback=use,
        help="Where TensorFlow Datasets keeps its data. [TFDS_DATA_DIR]",
    )(function)


def own_data_option(function):
    """`--data`, a file of the user's own sequences."""
    return click.option(
        "--data", metavar="FILE", help="Your own sequences, .npz or .ts: the task npz."
    )(function)


def own_data(task, data, assignments):
    """`(task, assignments)`: a file in the place of TASK, or as `--data`, is a parameter of npz."""
    if task is not None and task.endswith(FILES):
        if data is not None:
            raise click.UsageError(f"Give one file, {task} or --data {data}, not both.")
        task, data = OWN_DATA, task
    if data is None:
        return task, assignments
    return task or OWN_DATA, (*assignments, f"data={os.path.abspath(data)}")


def traced_options(function):
    """`--seed` and `--layer`, of commands that look into a memory."""
    seed = click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the test."
    )
    layer = click.option(
        "--layer", metavar="NAME", help="The memory layer, where there are several."
    )
    return seed(layer(function))


def check_output(output, ending):
    """Refuses an `--output` that ends otherwise, or that is there already."""
    if output and not output.endswith(ending):
        raise click.UsageError(f"--output must end in {ending}, got {output!r}.")
    if output and Path(output).exists():
        raise click.UsageError(f"{output} exists already.")


def setting_of(task, length=None):
    """The setting `(label, task)` of a length, or a task's first; none is a usage error."""
    with usage_errors():
        return task.settings(None if length is None else [length])[0]


def preset_option(function):
    """`--preset`; `None` where the user gives none."""
    return click.option(
        "--preset",
        metavar="auto|none|TASK",
        help="Numbers that suit the model: those for this task where there are any (auto), the "
        "plain start of the papers (none), or those for TASK. See `s4ntm list presets`. [auto]",
    )(function)


def parameter_option(help="Any parameter; it beats the preset. See `s4ntm list`."):
    """`-p NAME=VALUE`, as often as one likes; the texts are `assignments`."""
    return click.option("-p", "assignments", metavar="NAME=VALUE", multiple=True, help=help)


class IntegerList(click.ParamType):
    """`20,40,60` as a list of integers, from `minimum` on."""

    name = "integers"

    def __init__(self, minimum=1):
        self.minimum = minimum

    def convert(self, value, param, ctx):
        if isinstance(value, list):
            return value
        try:
            numbers = [int(item) for item in value.split(",")]
        except ValueError:
            numbers = []
        if not numbers or min(numbers) < self.minimum:
            kind = "positive integers" if self.minimum else "integers from 0 on"
            self.fail(f"{value!r} is not a list of {kind} such as 20,40,60.", param, ctx)
        return numbers


class NameList(click.ParamType):
    """`ntm,s4d-ntm` as a list of names."""

    name = "names"

    def convert(self, value, param, ctx):
        return value if isinstance(value, list) else [name.strip() for name in value.split(",")]


@contextmanager
def usage_errors():
    """What the library refuses as an argument is a usage error: exit code 2."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def parse_assignments(assignments):
    """`("a=1", ...)` as a dictionary of texts."""
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes name=value, got {assignment!r}.")
        values[name.strip()] = value.strip()
    return values


def as_text(value):
    """A parameter's value as `-p` takes it: `1,2`, `none`, `true`."""
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def choose_experiment(task, model, values, preset=None, seed=0):
    """The `Experiment` that names and values choose; what it refuses is a usage error.

    Args:
        task, model: names.
        values: `{name: value}`; texts are parsed.
        preset: the value of `--preset`.
        seed: of weights and data.
    """
    from keras_s4ntm.experiment import Experiment

    with usage_errors():
        return Experiment.choose(task, model, values, preset or AUTO, seed)


def how_it_starts(experiment, values, preset=None):
    """The sentence that says which preset an experiment uses, and how to do without.

    Args:
        experiment: what `choose_experiment` returned.
        values, preset: its arguments.
    """
    from keras_s4ntm.presets import find_preset

    task, model = experiment.task.name, experiment.model
    if experiment.preset is None:
        why = "--preset none" if preset == NONE else "it has no preset for this task"
        return f"{task}, {model}: everything starts as in the papers ({why})"
    config = experiment.config()
    known = {k for owner in ("task", "model") for k in config[owner]["parameters"]}
    used = find_preset(model, task, preset or AUTO)
    names = [n for n in used.numbers if n in known | set(config["training"]) and n not in values]
    numbers = "1 number" if len(names) == 1 else f"{len(names)} numbers"
    return (
        f"{task}, {model}: preset {used.name} sets {numbers} (s4ntm list presets --model {model} "
        f"--task {used.task}; --preset none starts as the papers do)"
    )
