"""`s4ntm list`: the tasks and the models, with their parameters. Loads no framework."""

import inspect

import click

from keras_s4ntm.cli.common import print_json
from keras_s4ntm.parameters import describe, parameters_of
from keras_s4ntm.recipe import Recipe


@click.command("list")
@click.argument("what", type=click.Choice(["tasks", "models", "training"]))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def command(what, as_json):
    """List tasks, models or the numbers of training: one line each, and what -p accepts.

    \b
    Examples:
      s4ntm list tasks
      s4ntm list models --json
    """
    from keras_s4ntm.models import MODELS
    from keras_s4ntm.tasks import TASKS

    entries = {
        "tasks": {t.name: (t.summary, parameters_of(t)) for t in TASKS.values()},
        "models": {m.name: (m.summary, m.parameters) for m in MODELS.values()},
        "training": {"training": (inspect.getdoc(Recipe).splitlines()[0], parameters_of(Recipe))},
    }[what]
    if as_json:
        print_json(
            {
                name: {
                    "summary": summary,
                    "parameters": {k: default for k, (_, default) in parameters.items()},
                }
                for name, (summary, parameters) in entries.items()
            }
        )
        return
    for name, (summary, parameters) in entries.items():
        click.secho(name, bold=True, nl=False)
        click.echo(f"  {summary}")
        for key, (annotation, default) in parameters.items():
            shown = ",".join(map(str, default)) if isinstance(default, list) else default
            click.echo(f"    -p {key}={shown}".ljust(36) + describe(annotation))
