"""`s4ntm predict`: what a run's model answers on sequences of one's own."""

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import FILES, check_output, common_options, usage_errors
from keras_s4ntm.cli.tables import print_json


@click.command("predict")
@click.argument("path", metavar="RUN")
@click.argument("data", metavar="FILE")
@click.option("--output", metavar="OUT.npz", required=True, help="The file to write.")
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True)
@common_options
def command(path, data, output, batch_size, backend, quiet, as_json):
    """Predict with RUN the targets of the sequences in FILE, .npz or .ts.

    FILE has the arrays that a training takes, without `targets`: `inputs`, `lengths` where they
    differ, and perhaps `ids`. OUT.npz gets `ids`, `lengths` and, by what RUN has learned,
    `probabilities` and `classes` (with `class_names`), `probabilities` of bits, or `values`.

    \b
    Examples:
      s4ntm predict runs/mine new.npz --output answers.npz
    """
    import numpy as np

    from keras_s4ntm.files import new_file
    from keras_s4ntm.runs import Run
    from keras_s4ntm.tasks.arrays import read

    check_output(output, ".npz")
    if not data.endswith(FILES):
        raise click.UsageError(f"FILE must end in {' or '.join(FILES)}, got {data!r}.")
    run, sequences = Run.open(path), read(data)
    task, name = run.experiment.task, run.experiment.model
    backend = use_backend(backend, run.backend)
    load_keras(backend, quiet or as_json)

    from keras_s4ntm.evaluation.predict import predict

    with console(quiet or as_json).status("predicting"), usage_errors():
        found = predict(run.load_model(), task, sequences, batch_size)
    with new_file(output) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **found)
    shapes = {key: list(array.shape) for key, array in found.items()}
    if as_json:
        known = {"output": output, "task": task.name, "model": name, "backend": backend}
        print_json({**known, "target_kind": task.target_kind, "arrays": shapes})
    elif not quiet:
        click.echo(f"{output}: {len(found['ids'])} sequences of {data}")
        for key, shape in shapes.items():
            click.echo(f"  {key:22} {tuple(shape)}")
