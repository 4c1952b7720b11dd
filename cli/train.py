"""`s4ntm train`: learn a task, or go on with a run."""

import dataclasses
import time

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import (
    choose_experiment,
    common_options,
    data_option,
    how_it_starts,
    own_data,
    own_data_option,
    parameter_option,
    parse_assignments,
    preset_option,
    setting_of,
    usage_errors,
)
from keras_s4ntm.cli.tables import print_json, print_results, trained_parameters
from keras_s4ntm.errors import TrainingDiverged
from keras_s4ntm.models import DEFAULT_MODEL
from keras_s4ntm.training.configuration import CURRICULA
from keras_s4ntm.training.writers import WRITERS, check_installed


@click.command("train")
@click.argument("task", required=False)
@click.option(
    "--model", "model_name", metavar="NAME", help=f"See `s4ntm list models`. [{DEFAULT_MODEL}]"
)
@preset_option
@parameter_option()
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of weights and data. [0]")
@click.option("--steps", type=click.IntRange(1), help="Updates in all.")
@click.option("--epochs", type=click.IntRange(1), help="Instead: in validation intervals.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="At most.")
@click.option("--batch-size", type=click.IntRange(1), help="Sequences in a batch.")
@click.option("--curriculum", type=click.Choice(CURRICULA), help="How difficulty grows. [none]")
@click.option("--checkpoint-interval", type=click.IntRange(1), help="Steps between checkpoints.")
@click.option("--report-interval", type=click.IntRange(1), help="Steps between records.")
@click.option("--validation-interval", type=click.IntRange(1), help="Steps between validations.")
@click.option("--run-dir", metavar="DIR", help="Where the run goes. [runs/TASK-MODEL-TIME]")
@click.option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@click.option("--trace-interval", type=click.IntRange(1), help="Steps between traces, for report.")
@click.option("--tracker", type=click.Choice(list(WRITERS)), help="Where the curves go as well.")
@click.option("--tensorboard", is_flag=True, help="The same as --tracker tensorboard.")
@own_data_option
@data_option
@common_options
def command(
    task,
    model_name,
    preset,
    assignments,
    seed,
    epochs,
    run_dir,
    resume,
    trace_interval,
    tracker,
    tensorboard,
    data,
    backend,
    quiet,
    as_json,
    **training_options,
):
    """Train a network on TASK, evaluate it far beyond training, leave a run directory.

    In the place of TASK there may be a file of your own sequences, .npz or .ts.

    Where there is a preset of the model for the task, training starts from its numbers, and says
    so. What you give with -p or another option beats the preset, and the preset beats the default.

    The first step compiles, which takes up to a minute. What was compiled is kept for the next run,
    below ~/.cache/keras-s4ntm (or XDG_CACHE_HOME).

    \b
    Examples:
      s4ntm train copy
      s4ntm train copy --preset none --curriculum uniform
      s4ntm train copy --model ntm -p controller=feedforward -p memory_size=256
      s4ntm train copy --backend torch --seed 3 --steps 500 --run-dir runs/mine
      s4ntm train seq-mnist -p resolution=16 --data-dir ~/tensorflow_datasets
      s4ntm train data.npz --model lstm -p units=64
      s4ntm train --resume runs/mine
    """
    from keras_s4ntm.runs import Run

    silent = quiet or as_json
    if tensorboard:
        if tracker not in (None, "tensorboard"):
            raise click.UsageError("--tensorboard is a tracker: give it or --tracker, not both.")
        tracker = "tensorboard"
    if tracker:
        check_installed(tracker)
    if resume:
        others = [task, data, model_name, preset, seed, run_dir, epochs, *assignments]
        if any(value is not None for value in [*others, *training_options.values()]):
            raise click.UsageError(
                "--resume goes on with a run as it was configured: give no TASK and no option "
                "but --backend, --data-dir, --trace-interval, --tracker, --tensorboard, --quiet, "
                "--json and --debug."
            )
        run = Run.open(resume)
        experiment = run.experiment
        backend = use_backend(backend, run.backend)
    else:
        task, assignments = own_data(task, data, assignments)
        if task is None:
            raise click.UsageError("Which TASK? See `s4ntm list tasks`; or --resume RUN.")
        if epochs and training_options["steps"]:
            raise click.UsageError("Give --steps or --epochs, not both.")
        values = parse_assignments(assignments)
        values |= {k: v for k, v in training_options.items() if v is not None}
        run = None
        experiment = choose_experiment(task, model_name or DEFAULT_MODEL, values, preset, seed or 0)
        if epochs:
            steps = epochs * experiment.training.validation_interval
            training = dataclasses.replace(experiment.training, steps=steps)
            experiment = dataclasses.replace(experiment, training=training)
        backend = use_backend(backend)

    load_keras(backend, silent)
    with usage_errors():
        model = experiment.build_model()
        check_traceable(model, trace_interval)
    if run is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = run_dir or f"runs/{experiment.task.name}-{experiment.model}-{stamp}"
        run = Run.create(path, experiment, backend)
        if not silent:
            click.echo(how_it_starts(experiment, values, preset), err=True)
    more = [trace_callback(run, trace_interval)] if trace_interval else []
    if tracker:
        from keras_s4ntm.training.tracker import Tracker

        more.append(Tracker(run, tracker))
    history = fit(run, model, more, silent)
    if quiet and not as_json:
        return

    from keras_s4ntm.evaluation.evaluate import evaluate
    from keras_s4ntm.training.fit import was_solved

    with console(silent).status("evaluating"):
        results = evaluate(model, experiment.task, experiment.seed, causal=experiment.is_causal)
    last = history[-1] if history else {"step": 0, "seconds": 0.0}
    summary = {
        "run": str(run.path),
        "task": experiment.task.name,
        "model": experiment.model,
        "preset": experiment.preset,
        "backend": backend,
        "seed": experiment.seed,
        "parameters": trained_parameters(model),
        "steps": last["step"],
        "sequences": last["step"] * experiment.training.batch_size,
        "solved": was_solved(history, experiment),
        "seconds": last["seconds"],
        "results": results,
    }
    if as_json:
        print_json(summary)
    else:
        title = (
            f"{summary['task']}, {summary['model']}: {summary['parameters']:,} parameters, "
            f"{last['step']} steps in {last['seconds']:.0f} s on {backend}"
        )
        print_results(results, title)
        click.echo(f"run directory: {run.path}")


def fit(run, model, more, silent):
    """Train, with progress; on Ctrl-C or a divergence say what is left and how to go on."""
    from keras_s4ntm.training.callbacks import InterruptBetweenSteps
    from keras_s4ntm.training.fit import train
    from keras_s4ntm.training.progress import RichProgress

    callbacks = [InterruptBetweenSteps()]
    if not silent:
        callbacks.append(RichProgress(run.experiment.training))
    callbacks += more
    try:
        return train(run, model, callbacks)
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


def check_traceable(model, interval):
    """Raises `ValueError` where a model without a memory is to be traced."""
    if interval:
        from keras_s4ntm.analysis.tracing import memory_layer

        memory_layer(model)


def trace_callback(run, interval):
    """`MemoryTrace` of one test sequence, every so many steps, into the run."""
    from keras_s4ntm.analysis import MemoryTrace

    experiment = run.experiment
    _, task = setting_of(experiment.task)
    batch = task.batch("test", experiment.seed, 0, 1)
    return MemoryTrace(
        run.path / "trace",
        batch.inputs,
        targets=batch.targets,
        target_mask=batch.mask,
        interval=max(interval // experiment.training.steps_per_epoch, 1),
    )
