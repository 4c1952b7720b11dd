"""`s4ntm export`: a run's model as a file that serves without Keras."""

import click

from keras_s4ntm.cli.common import (
    common_options,
    console,
    data_option,
    load_keras,
    load_trained,
    print_json,
    use_backend,
)
from keras_s4ntm.errors import BackendError
from keras_s4ntm.runs import Run

FORMATS = ("saved-model", "onnx")


@click.command("export")
@click.argument("run", metavar="RUN")
@click.option("--format", "format_", type=click.Choice(FORMATS), default=FORMATS[0])
@click.option("--output", metavar="PATH", help="[RUN/saved-model or RUN/model.onnx]")
@data_option
@common_options
def command(run, format_, output, backend, quiet, as_json):
    """Export RUN, trained on any backend, for serving: any batch size, any length.

    A SavedModel has three signatures: `serve` (whole sequences), `step` (one time step, states
    in and out) and `initial_state`. It is written by TensorFlow, whatever trained the run, and
    checked after writing: its outputs are compared with those of the Keras model.

    \b
    Examples:
      s4ntm export runs/mine
      s4ntm export runs/mine --format onnx --output copy.onnx
    """
    run = Run.open(run)
    if backend not in (None, "tensorflow"):
        raise click.UsageError("export runs on tensorflow, whatever backend trained the run.")
    try:
        use_backend("tensorflow")
    except BackendError as error:
        raise BackendError(f"Export is done by TensorFlow. {error}") from error
    silent = quiet or as_json
    load_keras("tensorflow", silent)

    from keras_s4ntm import export

    write, name = {
        "saved-model": (export.export_saved_model, "saved-model"),
        "onnx": (export.export_onnx, "model.onnx"),
    }[format_]
    output = output or str(run.path / name)
    task, model = load_trained(run)
    sample = task.batch("test", seed=0, index=0, batch_size=3).inputs
    with console(silent).status("exporting"):
        difference = write(model, output, sample)
    if as_json:
        print_json({"output": output, "format": format_, "max_difference": difference})
    elif not quiet:
        click.echo(f"{output}: largest difference from the Keras model {difference:.1e}")
