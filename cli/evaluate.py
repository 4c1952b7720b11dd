"""`s4ntm evaluate`: how well a run's model does, on test data and far beyond training."""

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import IntegerList, common_options, data_option, usage_errors
from keras_s4ntm.cli.tables import print_json, print_results


@click.command("evaluate")
@click.argument("path", metavar="RUN")
@click.option("--lengths", type=IntegerList(), help="For example 20,40,120. [the task's own]")
@click.option("--sequences", type=click.IntRange(1), help="[256, or the whole test set]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the test.")
@data_option
@common_options
def command(path, lengths, sequences, seed, backend, quiet, as_json):
    """Evaluate RUN on test data.

    Of bits: wrong bits per sequence, bit error rate, sequence accuracy, per setting, and of
    dynamic-ngrams the cost beside that of the best possible predictor, in bits per sequence. Of
    tokens: token and sequence accuracy, and of char-lm bits per character. Of classes: accuracy and
    the confusion matrix. Of values: mean squared error, its root, mean absolute error.

    \b
    Examples:
      s4ntm evaluate runs/mine
      s4ntm evaluate runs/mine --lengths 20,40,60,100,120 --sequences 1000 --json
    """
    from keras_s4ntm.runs import Run

    run = Run.open(path)
    task, name, causal = run.experiment.task, run.experiment.model, run.experiment.is_causal
    backend = use_backend(backend, run.backend)
    load_keras(backend, quiet or as_json)

    from keras_s4ntm.evaluation.evaluate import evaluate

    with console(quiet or as_json).status("evaluating"), usage_errors():
        model = run.load_model()
        results = evaluate(model, task, seed, sequences, lengths, causal=causal)
    if as_json:
        print_json({"task": task.name, "model": name, "backend": backend, "results": results})
    elif not quiet:
        print_results(results, f"{task.name}, {name} on {backend}")
