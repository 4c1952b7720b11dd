"""`s4ntm list`: tasks, models, numbers of training and presets. Loads no framework."""

import inspect

import click

from keras_s4ntm.cli.options import as_text, usage_errors
from keras_s4ntm.cli.tables import print_json
from keras_s4ntm.parameters import choose, describe, parameters_of

WIDTH = 100  # of the presets, where standard output is no terminal


@click.command("list")
@click.argument("what", type=click.Choice(["tasks", "models", "training", "presets"]))
@click.option("--model", "model_name", metavar="NAME", help="Only the presets of this model.")
@click.option("--task", "task_name", metavar="NAME", help="Only the presets for this task.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def command(what, model_name, task_name, as_json):
    """List tasks, models, the numbers of training, or presets.

    Parameters are printed as -p takes them: name, default, what is accepted. A model is causal
    where no output depends on a later input, and streamable where it runs one time step at a time.
    Presets are the numbers that suit a model on a task: what each sets, the default that it
    replaces, and why.

    \b
    Examples:
      s4ntm list tasks
      s4ntm list models --json
      s4ntm list presets --model s4d-ntm --task copy
    """
    if what != "presets" and (model_name or task_name):
        raise click.UsageError("--model and --task choose among presets: s4ntm list presets.")
    if what == "presets":
        print_presets(model_name, task_name, as_json)
    else:
        print_entries({"tasks": tasks, "models": models, "training": training}[what](), as_json)


def print_entries(entries, as_json):
    """Print what `tasks`, `models` or `training` returned."""
    if as_json:
        for entry in entries.values():
            parameters = entry["parameters"].items()
            entry["parameters"] = {name: default for name, (_, default) in parameters}
        print_json(entries)
        return
    for name, entry in entries.items():
        click.secho(name, bold=True, nl=False)
        click.echo(f"  {entry['summary']}")
        if "causal" in entry:
            able = (f"{'' if entry[a] else 'not '}{a}" for a in ("causal", "streamable"))
            click.echo(f"    {', '.join(able)}")
        for key, (annotation, default) in entry["parameters"].items():
            click.echo(f"    -p {key}={as_text(default)}".ljust(44) + describe(annotation))


def tasks():
    """`{name: {"summary", "parameters"}}` of the tasks."""
    from keras_s4ntm.tasks import TASKS

    return {
        name: {"summary": task.summary, "parameters": parameters_of(task)}
        for name, task in TASKS.items()
    }


def models():
    """The same of the models, and what they can do with their defaults."""
    from keras_s4ntm.models import MODELS

    return {
        name: {
            "summary": model.summary,
            "causal": model.is_causal(model.defaults()),
            "streamable": model.is_streamable(model.defaults()),
            "parameters": model.parameters,
        }
        for name, model in MODELS.items()
    }


def training():
    """The same of the configuration of training."""
    from keras_s4ntm.training.configuration import TrainingConfig

    summary = inspect.getdoc(TrainingConfig).splitlines()[0]
    return {"training": {"summary": summary, "parameters": parameters_of(TrainingConfig)}}


def print_presets(model_name, task_name, as_json):
    """Print the presets of a model, for a task; of all where that is `None`."""
    chosen = chosen_presets(model_name, task_name)
    if as_json:
        print_json({f"{model}/{task}": numbers for (model, task), numbers in chosen.items()})
        return
    if not chosen:
        click.echo(
            f"There is no preset for {model_name or 'any model'} on {task_name or 'a task'}."
        )
    groups = {}
    for pair, numbers in chosen.items():
        same = tuple((name, *map(as_text, number.values())) for name, number in numbers.items())
        groups.setdefault(same, []).append(pair)
    for numbers, pairs in groups.items():
        print_preset(heading(pairs), numbers)


def chosen_presets(model_name=None, task_name=None):
    """`{(model, task): {name: {"value", "default", "why"}}}`."""
    from keras_s4ntm.presets import PRESETS

    entries = {"model": models(), "task": tasks()}  # before the presets: plugins are loaded now
    with usage_errors():
        for kind, name in ("model", model_name), ("task", task_name):
            if name is not None:
                choose(kind, name, entries[kind])
        return {
            (model, task): beside_defaults(
                preset,
                choose("model", model, entries["model"]),
                choose("task", task, entries["task"]),
                training()["training"],
            )
            for (model, task), preset in PRESETS.items()
            if model_name in (None, model) and task_name in (None, task)
        }


def beside_defaults(preset, *owners):
    """`{name: {"value", "default", "why"}}` of a preset; the owners of the parameters are entries
    of `models`, `tasks` and `training`.
    """
    known = {name: value for owner in owners for name, value in owner["parameters"].items()}
    kind = f"parameter of the preset {preset.name}"
    return {
        name: {"value": value, "default": choose(kind, name, known)[1], "why": why}
        for name, (value, why) in preset.numbers.items()
    }


def heading(pairs):
    """`ntm, ntm-cached on copy, repeat-copy`, of pairs of a model and a task."""
    tasks = {}
    for model, task in pairs:
        tasks.setdefault(model, []).append(task)
    models = {}
    for model, names in tasks.items():
        models.setdefault(", ".join(names), []).append(model)
    return "; ".join(f"{', '.join(names)} on {tasks}" for tasks, names in models.items())


def print_preset(title, numbers):
    """One line a number: `name=value`, the default, why."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="", pad_edge=False)
    for column in f"{len(numbers)} numbers", "default", "why":
        table.add_column(column, no_wrap=column != "why")
    for name, value, default, why in numbers:
        table.add_row(f"{name}={value}", default, why)
    output = Console(markup=False, highlight=False)
    if not output.is_terminal:
        output.width = WIDTH
    click.secho(title, bold=True)
    output.print(table)
    click.echo()
