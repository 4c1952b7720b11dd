"""What the commands share: options, backend, `-p name=value`, tables, JSON."""

import dataclasses
import functools
import importlib.util
import json
import os
import sys
import warnings
from contextlib import contextmanager

import click

from keras_s4ntm import cache
from keras_s4ntm.errors import BackendError, RunError
from keras_s4ntm.parameters import ParameterError, check_value, choose, parameters_of, suggest
from keras_s4ntm.recipe import Recipe

BACKENDS = ("jax", "tensorflow", "torch")  # in order of preference


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


@contextmanager
def usage_errors():
    """What the library refuses as an argument is a usage error: exit code 2."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def installed(backend):
    """Whether a backend can be imported."""
    return importlib.util.find_spec(backend) is not None


def installed_backends():
    """The backends that can be imported, in order of preference."""
    names = [name for name in BACKENDS if installed(name)]
    if not names:
        raise BackendError(
            "No backend is installed. Install one: pip install 'keras-s4ntm[tensorflow]' "
            "(or [torch], or [jax])."
        )
    return names


def check_backend(name):
    """Refuse a backend that there is not, or that is not installed."""
    if name not in BACKENDS:
        raise click.UsageError(suggest("backend", name, BACKENDS))
    if not installed(name):
        raise BackendError(
            f"The backend {name} is not installed: pip install 'keras-s4ntm[{name}]'."
        )


def use_backend(requested, preferred=None):
    """Choose the backend before Keras is imported; returns its name.

    `requested` is the user's `--backend`; without it `KERAS_BACKEND`, then `preferred` (the
    backend of a run), then the fastest that is installed.
    """
    name = requested or os.environ.get("KERAS_BACKEND")
    if name is None:
        candidates = installed_backends()
        name = preferred if preferred in candidates else candidates[0]
    check_backend(name)
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cache.use(name)
    return name


def console(quiet=False):
    """A Rich console on standard error: progress and remarks, never results."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet)


def load_keras(backend, quiet=False):
    """Import Keras, which takes seconds, and say so."""
    if "keras" in sys.modules:
        return
    if "--debug" not in sys.argv:
        quieten_libraries()
    with console(quiet).status(f"loading keras ({backend})"):
        from keras_s4ntm.backend import keep_freed_memory

        keep_freed_memory()


def quieten_libraries():
    """Drop the warnings of libraries, and what native code writes to standard error.

    TensorFlow writes several lines at import, also where another backend is used and Keras
    imports it to save a file; no setting turns them off. Our own messages still show.
    """
    warnings.simplefilter("ignore")
    sys.stderr.flush()
    visible = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    sys.stderr = visible


def parse_assignments(assignments):
    """`("a=1", ...)` as a dictionary of texts."""
    values = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes name=value, got {assignment!r}.")
        values[name.strip()] = value.strip()
    return values


def configure(task_name, model_name, assignments, recipe_overrides=None):
    """Task, hyperparameters and recipe from names and `-p name=value`; no framework is loaded.

    Returns:
        `(task, hyperparameters, recipe)`.
    """
    from keras_s4ntm.curriculum import with_curriculum
    from keras_s4ntm.models import MODELS
    from keras_s4ntm.tasks import TASKS

    with usage_errors():
        task_class = choose("task", task_name, TASKS)
        model = choose("model", model_name, MODELS)
        owners = {
            "task": parameters_of(task_class),
            "model": model.parameters,
            "recipe": parameters_of(Recipe),
        }
        known = {name: owner for owner, names in owners.items() for name in names}
        values = {owner: {} for owner in owners}
        for name, text in parse_assignments(assignments).items():
            if name not in known:
                raise ParameterError(suggest("parameter", name, list(known)))
            owner = known[name]
            values[owner][name] = check_value(name, text, owners[owner][name][0])
        given = {k: v for k, v in (recipe_overrides or {}).items() if v is not None}
        recipe = Recipe(**{**model.recipe, **task_class.recipe, **values["recipe"], **given})
        defaults = {name: default for name, (_, default) in model.parameters.items()}
        task = task_class(**values["task"])
        with_curriculum(task, recipe)  # refuses a task of one difficulty before anything is begun
        return task, {**defaults, **values["model"]}, recipe


def run_config(task, model_name, hyperparameters, recipe, seed, backend):
    """What `config.json` holds: enough to rebuild everything."""
    from importlib.metadata import version

    return {
        "task": {"name": task.name, "parameters": dataclasses.asdict(task)},
        "model": {"name": model_name, "parameters": hyperparameters},
        "training": dataclasses.asdict(recipe),
        "seed": seed,
        "backend": backend,
        "versions": {name: version(name) for name in ("keras-s4ntm", "keras", backend)},
    }


def rebuild(run):
    """Task, hyperparameters and recipe of a run; its config is data, and checked as such."""
    from keras_s4ntm.models import check_hyperparameters
    from keras_s4ntm.tasks import TASKS

    config = run.config
    try:
        task_class = choose("task", config["task"]["name"], TASKS)
        task = task_class(**_checked(task_class, config["task"]["parameters"]))
        recipe = Recipe(**_checked(Recipe, config["training"]))
        hyperparameters = check_hyperparameters(
            config["model"]["name"], config["model"]["parameters"]
        )
        if type(config["seed"]) is not int or config["seed"] < 0:
            raise ParameterError(f"seed must be an integer, got {config['seed']!r}.")
        choose("backend", config["backend"], dict.fromkeys(BACKENDS))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise RunError(f"{run.path / 'config.json'} is damaged: {error}") from error
    return task, hyperparameters, recipe


def _checked(target, values):
    accepted = parameters_of(target)
    for name in values:
        if name not in accepted:
            raise ParameterError(suggest("parameter", name, list(accepted)))
    return {name: check_value(name, value, accepted[name][0]) for name, value in values.items()}


def build_or_refuse(model_name, task, hyperparameters, seed=0):
    """The model; values that no layer accepts are usage errors."""
    from keras_s4ntm.backend import set_seed
    from keras_s4ntm.models import build_model

    set_seed(seed)
    with usage_errors():
        return build_model(model_name, task, **hyperparameters)


def load_trained(run):
    """`(task, model)` of a run, with its trained weights."""
    task, hyperparameters, _ = rebuild(run)
    model = build_or_refuse(run.config["model"]["name"], task, hyperparameters)
    run.load_weights(model)
    return task, model


def print_json(value):
    """One JSON object on standard output."""
    click.echo(json.dumps(value))


def print_results(results, title):
    """The table of an evaluation, on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    columns = [name for name in results[0] if name != "confusion"]
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for row in results:
        values = [row[column] for column in columns]
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values))
    Console().print(table)
    for row in results:
        if "confusion" in row:
            print_confusion(row["confusion"])


def print_confusion(confusion):
    """How often each class was taken for each, on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="class (rows), taken for (columns)", title_justify="left")
    for name in ["", *range(len(confusion))]:
        table.add_column(str(name), justify="right")
    for name, counts in enumerate(confusion):
        table.add_row(f"[bold]{name}", *(str(n) if n else "" for n in counts))
    Console().print(table)


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
