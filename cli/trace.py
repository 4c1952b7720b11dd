"""`s4ntm trace`: every quantity of every time step of a run's network, as a file."""

from pathlib import Path

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import (
    check_output,
    common_options,
    data_option,
    setting_of,
    traced_options,
    usage_errors,
)
from keras_s4ntm.cli.tables import print_json


@click.command("trace")
@click.argument("path", metavar="RUN")
@click.option("--length", type=click.IntRange(1), help="Of the sequences. [the task's own]")
@click.option("--sequences", type=click.IntRange(1), default=8, show_default=True)
@traced_options
@click.option("--output", metavar="FILE.npz", help="[RUN/trace/length-LENGTH.npz]")
@data_option
@common_options
def command(path, length, sequences, seed, layer, output, backend, quiet, as_json):
    """Trace RUN on test data: what its memory does at every time step.

    Writes a NumPy file with inputs, outputs, weights of all heads, keys, gates, what is erased and
    added, what is read, and the memory before and after every step. `Trace.load` reads it.

    \b
    Examples:
      s4ntm trace runs/mine
      s4ntm trace runs/mine --length 40 --sequences 1 --output copy-40.npz
    """
    from keras_s4ntm.runs import Run

    check_output(output, ".npz")
    run = Run.open(path)
    setting = setting_of(run.experiment.task, length)
    backend = use_backend(backend, run.backend)
    load_keras(backend, quiet or as_json)

    from keras_s4ntm.analysis.samples import trace_test

    with console(quiet or as_json).status("tracing"), usage_errors():
        model = run.load_model()
        traced = trace_test(model, setting, sequences=sequences, seed=seed, layer=layer)
    traced.about["run"] = str(run.path)
    label, task = setting
    name = "-".join(f"{key}-{value}" for key, value in label.items()) or "trace"
    output = Path(output or run.path / "trace" / f"{name}.npz")
    traced.save(output)
    shapes = {name: list(array.shape) for name, array in traced.arrays.items()}
    if as_json:
        known = {"output": str(output), "model": run.experiment.model, "backend": backend}
        origin = ("layer", "task", "target_kind", *label, "seed")
        print_json({**known, **{k: traced.about[k] for k in origin}, "arrays": shapes})
    elif not quiet:
        click.echo(f"{output}: {len(traced.inputs)} sequences of {task.name}")
        for name, shape in shapes.items():
            click.echo(f"  {name:22} {tuple(shape)}")
