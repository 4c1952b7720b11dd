"""`s4ntm report`: a run as one HTML file, with its memory to look into."""

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


@click.command("report")
@click.argument("path", metavar="RUN")
@click.option("--length", type=click.IntRange(1), help="Of the sequence shown. [the task's own]")
@click.option(
    "--sequences",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="That the results are measured on, at each setting.",
)
@traced_options
@click.option("--output", metavar="FILE.html", help="[RUN/report.html]")
@data_option
@common_options
def command(path, length, sequences, seed, layer, output, backend, quiet, as_json):
    """Write RUN as one HTML file, which any browser opens from disk.

    It holds settings, results and the course of training, and a memory explorer: one test sequence
    step by step, what every slot holds, and which writes were read. It walks through training as
    well where the run has traces of checkpoints, RUN/trace/epoch-00012.npz.

    \b
    Examples:
      s4ntm report runs/mine
      s4ntm report runs/mine --length 40 --output copy-40.html
    """
    from keras_s4ntm.runs import Run

    check_output(output, ".html")
    run = Run.open(path)
    task, causal = run.experiment.task, run.experiment.is_causal
    setting = setting_of(task, length)
    backend = use_backend(backend, run.backend)
    load_keras(backend, quiet or as_json)

    from keras_s4ntm.analysis.report import collect, write
    from keras_s4ntm.analysis.samples import trace_test
    from keras_s4ntm.analysis.tracing import memory_layers
    from keras_s4ntm.evaluation.evaluate import evaluate

    status = console(quiet or as_json).status
    with status("evaluating"), usage_errors():
        model = run.load_model()
        traced = None
        if memory_layers(model):
            traced = trace_test(model, setting, sequences=1, seed=seed, layer=layer)
        results = evaluate(model, task, seed, sequences, causal=causal)
    with status("writing the report"):
        output = Path(output or run.path / "report.html")
        report = collect(run, results, traced)
        size = write(report, output)
    if as_json:
        known = {"output": str(output), "bytes": size, "explorer": traced is not None}
        print_json({**known, "traces": len(report["traces"]), "results": results})
    elif not quiet:
        click.echo(f"{output}: {size / 1e6:.1f} MB")
        if traced is None:
            click.echo(f"{run.experiment.model} has no memory: there is no explorer in it.")
