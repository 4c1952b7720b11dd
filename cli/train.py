"""`s4ntm train`: learn a task, or go on with a run."""

import dataclasses
import math
import time

import click

from keras_s4ntm.cli.common import (
    build_or_refuse,
    common_options,
    configure,
    console,
    data_option,
    load_keras,
    print_json,
    print_results,
    rebuild,
    run_config,
    use_backend,
)
from keras_s4ntm.errors import S4NTMError, TrainingDiverged
from keras_s4ntm.models import DEFAULT_MODEL
from keras_s4ntm.recipe import CURRICULA
from keras_s4ntm.runs import Run


@click.command("train")
@click.argument("task", required=False)
@click.option(
    "--model", "model_name", metavar="NAME", help=f"See `s4ntm list models`. [{DEFAULT_MODEL}]"
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of weights and data. [0]")
@click.option("--steps", type=click.IntRange(1), help="Updates in all.")
@click.option("--epochs", type=click.IntRange(1), help="Instead: in validation intervals.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="At most.")
@click.option("--batch-size", type=click.IntRange(1), help="Sequences in a batch.")
@click.option("--curriculum", type=click.Choice(CURRICULA), help="How difficulty grows. [none]")
@click.option("--run-dir", metavar="DIR", help="Where the run goes. [runs/TASK-MODEL-TIME]")
@click.option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@click.option("-p", "assignments", metavar="NAME=VALUE", multiple=True, help="Any parameter.")
@click.option("--checkpoint-interval", type=click.IntRange(1), help="Steps between checkpoints.")
@click.option("--report-interval", type=click.IntRange(1), help="Steps between records.")
@click.option("--validation-interval", type=click.IntRange(1), help="Steps between validations.")
@click.option("--tensorboard", is_flag=True, help="Also write TensorBoard logs into the run.")
@data_option
@common_options
def command(
    task,
    model_name,
    seed,
    run_dir,
    resume,
    assignments,
    tensorboard,
    epochs,
    backend,
    quiet,
    as_json,
    **recipe_options,
):
    """Train a network on TASK, evaluate it far beyond training, leave a run directory.

    The first step compiles, which takes up to a minute. What was compiled is kept for the next run,
    below ~/.cache/keras-s4ntm (or XDG_CACHE_HOME).

    \b
    Examples:
      s4ntm train copy
      s4ntm train copy --model ntm -p controller=feedforward -p memory_size=256
      s4ntm train copy --backend torch --seed 3 --steps 500 --run-dir runs/mine
      s4ntm train seq-mnist -p resolution=16 --data-dir ~/tensorflow_datasets
      s4ntm train --resume runs/mine
    """
    if resume:
        changed = [task, model_name, seed, run_dir, epochs, *assignments, *recipe_options.values()]
        if any(value is not None for value in changed):
            raise click.UsageError(
                "--resume goes on with a run as it was configured: give no TASK and no option "
                "but --backend, --tensorboard, --quiet, --json and --debug."
            )
        run = Run.open(resume)
        task, hyperparameters, recipe = rebuild(run)
        model_name, seed = run.config["model"]["name"], run.config["seed"]
        backend = use_backend(backend, run.config["backend"])
    else:
        if task is None:
            raise click.UsageError("Which TASK? See `s4ntm list tasks`; or --resume RUN.")
        run = None
        model_name, seed = model_name or DEFAULT_MODEL, seed or 0
        if epochs and recipe_options["steps"]:
            raise click.UsageError("Give --steps or --epochs, not both.")
        task, hyperparameters, recipe = configure(task, model_name, assignments, recipe_options)
        if epochs:
            recipe = dataclasses.replace(recipe, steps=epochs * recipe.validation_interval)
        backend = use_backend(backend)

    silent = quiet or as_json
    load_keras(backend, silent)
    model = build_or_refuse(model_name, task, hyperparameters, seed)
    if run is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        run = Run.create(
            run_dir or f"runs/{task.name}-{model_name}-{stamp}",
            run_config(task, model_name, hyperparameters, recipe, seed, backend),
        )
    history = fit(run, model, task, recipe, seed, tensorboard, silent)
    if quiet and not as_json:
        return

    from keras_s4ntm.evaluation import evaluate
    from keras_s4ntm.training import was_solved

    with console(silent).status("evaluating"):
        results = evaluate(model, task, seed)
    last = history[-1] if history else {"step": 0, "seconds": 0.0}
    summary = {
        "run": str(run.path),
        "task": task.name,
        "model": model_name,
        "backend": backend,
        "seed": seed,
        "parameters": sum(math.prod(w.shape) for w in model.trainable_variables),
        "steps": last["step"],
        "sequences": last["step"] * recipe.batch_size,
        "solved": was_solved(history, task, recipe),
        "seconds": last["seconds"],
        "results": results,
    }
    if as_json:
        print_json(summary)
    else:
        title = (
            f"{task.name}, {model_name}: {summary['parameters']:,} parameters, "
            f"{last['step']} steps in {last['seconds']:.0f} s on {backend}"
        )
        print_results(results, title)
        click.echo(f"run directory: {run.path}")


def fit(run, model, task, recipe, seed, tensorboard, silent):
    """Train, with progress; on Ctrl-C or a divergence say what is left and how to go on."""
    from keras_s4ntm.callbacks import InterruptBetweenSteps, RichProgress
    from keras_s4ntm.training import train

    callbacks = [InterruptBetweenSteps()]
    if not silent:
        callbacks.append(RichProgress(recipe.batch_size))
    if tensorboard:
        callbacks.append(tensorboard_callback(run))
    try:
        return train(run, model, task, recipe, seed, callbacks)
    except KeyboardInterrupt:
        click.echo(f"\nGo on with: s4ntm train --resume {run.path}", err=True)
        raise
    except TrainingDiverged as error:
        kept = run.checkpoint_path(run.checkpoints()[-1])
        raise TrainingDiverged(
            f"Training diverged: {error}. The last good checkpoint is {kept}. "
            "A lower -p learning_rate=... or -p clip_norm=... usually helps."
        ) from error
    finally:
        for callback in callbacks:
            if hasattr(callback, "stop"):
                callback.stop()


def tensorboard_callback(run):
    """`keras.callbacks.TensorBoard`; it needs TensorFlow on every backend."""
    import importlib.util

    import keras

    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "tensorboard")):
        raise S4NTMError("--tensorboard needs: pip install 'keras-s4ntm[tensorboard]'.")
    return keras.callbacks.TensorBoard(str(run.path / "tensorboard"))
