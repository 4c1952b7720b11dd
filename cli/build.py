"""`s4ntm build`: what a model is, before it is trained."""

import os
from pathlib import Path

import click

from keras_s4ntm.cli.common import (
    build_or_refuse,
    common_options,
    configure,
    load_keras,
    print_json,
    use_backend,
)
from keras_s4ntm.models import DEFAULT_MODEL


@click.command("build")
@click.option("--task", default="copy", show_default=True, metavar="NAME")
@click.option("--model", "model_name", default=DEFAULT_MODEL, show_default=True, metavar="NAME")
@click.option("-p", "assignments", metavar="NAME=VALUE", multiple=True, help="Any parameter.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--output", metavar="FILE.keras", help="Also write the untrained model.")
@common_options
def command(task, model_name, assignments, seed, output, backend, quiet, as_json):
    """Build a model and show its layers, shapes and parameters.

    \b
    Examples:
      s4ntm build --task copy --model ntm
      s4ntm build --model ntm -p units=100,100 -p read_heads=4 --output ntm.keras
    """
    if output and not output.endswith(".keras"):
        raise click.UsageError(f"--output must end in .keras, got {output!r}.")
    if output and Path(output).exists():
        raise click.UsageError(f"{output} exists already.")
    task, hyperparameters, _ = configure(task, model_name, assignments)
    load_keras(use_backend(backend), quiet or as_json)
    model = build_or_refuse(model_name, task, hyperparameters, seed)
    if as_json:
        print_json(
            {
                "task": task.name,
                "model": model_name,
                "parameters": model.count_params(),
                "inputs": list(model.input_shape),
                "outputs": list(model.output_shape),
                "weights": {w.path: list(w.shape) for w in model.weights},
            }
        )
    elif not quiet:
        model.summary(expand_nested=True)
        for weight in model.weights:
            click.echo(f"{weight.path:55} {tuple(weight.shape)}")
    if output:
        temporary = Path(output).with_name(f".{os.getpid()}.keras")
        model.save(temporary)
        os.replace(temporary, output)
