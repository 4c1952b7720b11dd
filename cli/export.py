"""`s4ntm export`: a run's model as a file that serves without Keras."""

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import common_options, data_option, usage_errors
from keras_s4ntm.cli.tables import print_json
from keras_s4ntm.errors import BackendError

NAMES = {"saved-model": "saved-model", "onnx": "model.onnx"}  # {format: name in the run directory}


@click.command("export")
@click.argument("path", metavar="RUN")
@click.option("--format", "format_", type=click.Choice(list(NAMES)), default="saved-model")
@click.option("--output", metavar="PATH", help="[RUN/saved-model or RUN/model.onnx]")
@data_option
@common_options
def command(path, format_, output, backend, quiet, as_json):
    """Export RUN, trained on any backend, for serving: any batch size, any length.

    A SavedModel has three signatures: `serve` (whole sequences), `step` (one time step, states
    in and out) and `initial_state`; of a model that does not run step by step it has `serve` only.
    It is written by TensorFlow, whatever trained the run, and checked after writing: its outputs
    are compared with those of the Keras model.

    \b
    Examples:
      s4ntm export runs/mine
      s4ntm export runs/mine --format onnx --output copy.onnx
    """
    from keras_s4ntm.runs import Run

    run = Run.open(path)
    if backend not in (None, "tensorflow"):
        raise click.UsageError("export runs on tensorflow, whatever backend trained the run.")
    try:
        use_backend("tensorflow")
    except BackendError as error:
        raise BackendError(f"Export is done by TensorFlow. {error}") from error
    silent = quiet or as_json
    load_keras("tensorflow", silent)

    from keras_s4ntm.export import export_onnx, export_saved_model

    output = output or str(run.path / NAMES[format_])
    streamable = run.experiment.is_streamable
    sample = run.experiment.task.batch("test", seed=0, index=0, batch_size=3).inputs
    result = {"output": output, "format": format_}
    with console(silent).status("exporting"), usage_errors():
        model = run.load_model()
        if format_ == "onnx":
            result["max_difference"] = export_onnx(model, output, sample)
        else:
            result["max_difference"] = export_saved_model(model, output, sample, streamable)
            result["signatures"] = ["serve", *["step", "initial_state"] * streamable]
    if as_json:
        print_json(result)
    elif not quiet:
        difference = result["max_difference"]
        click.echo(f"{output}: largest difference from the Keras model {difference:.1e}")
        if result.get("signatures") == ["serve"]:
            click.echo("This model does not run step by step: the SavedModel has `serve` only.")
