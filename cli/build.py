"""`s4ntm build`: what a model is, before it is trained."""

import os
from pathlib import Path

import click

from keras_s4ntm.cli.environment import load_keras, use_backend
from keras_s4ntm.cli.options import (
    choose_experiment,
    common_options,
    how_it_starts,
    own_data,
    own_data_option,
    parameter_option,
    parse_assignments,
    preset_option,
    usage_errors,
)
from keras_s4ntm.cli.tables import print_json, trained_parameters
from keras_s4ntm.models import DEFAULT_MODEL


@click.command("build")
@click.option("--task", metavar="NAME", help="[copy]")
@click.option("--model", "model_name", default=DEFAULT_MODEL, show_default=True, metavar="NAME")
@preset_option
@parameter_option()
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--output", metavar="FILE.keras", help="Also write the untrained model.")
@own_data_option
@common_options
def command(task, model_name, preset, assignments, seed, output, data, backend, quiet, as_json):
    """Build a model as `s4ntm train` starts it; show its layers, shapes and parameters.

    \b
    Examples:
      s4ntm build --task copy --model ntm
      s4ntm build --model ntm --preset none -p units=100,100 -p read_heads=4 --output ntm.keras
    """
    if output and not output.endswith(".keras"):
        raise click.UsageError(f"--output must end in .keras, got {output!r}.")
    if output and Path(output).exists():
        raise click.UsageError(f"{output} exists already.")
    task, assignments = own_data(task, data, assignments)
    values = parse_assignments(assignments)
    experiment = choose_experiment(task or "copy", model_name, values, preset, seed)
    backend = use_backend(backend)
    load_keras(backend, quiet or as_json)
    with usage_errors():
        model = experiment.build_model()
    if as_json:
        print_json(
            {
                "task": experiment.task.name,
                "model": experiment.model,
                "preset": experiment.preset,
                "parameters": trained_parameters(model),
                "inputs": list(model.input_shape),
                "outputs": list(model.output_shape),
                "weights": {w.path: list(w.shape) for w in model.weights},
            }
        )
    elif not quiet:
        click.echo(how_it_starts(experiment, values, preset), err=True)
        model.summary(expand_nested=True)
        for weight in model.weights:
            click.echo(f"{weight.path:55} {tuple(weight.shape)}")
    if output:
        temporary = Path(output).with_name(f".{os.getpid()}.keras")
        model.save(temporary)
        os.replace(temporary, output)
