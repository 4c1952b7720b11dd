"""From a run directory and a model to a trained model in it, through `model.fit`."""

import math

import keras

from keras_s4ntm.backend.time_loop import compiles_whole_steps
from keras_s4ntm.data.batches import Batches
from keras_s4ntm.data.targets import target_kind
from keras_s4ntm.errors import TrainingDiverged
from keras_s4ntm.training.callbacks import (
    BeginEpochs,
    ReportFigures,
    RunRecorder,
    SeedEpochs,
    StopAfter,
    StopWhenSolved,
    WatchGradients,
)
from keras_s4ntm.training.curriculum import with_curriculum
from keras_s4ntm.training.optimizers import make_optimizer


def compile_model(model, task, config):
    """Compile a model for a task's kind of targets, as a `TrainingConfig` says."""
    kind = target_kind(task)
    model.compile(
        optimizer=make_optimizer(config),
        loss=kind.loss(reduction="mean_with_sample_weight"),
        **kind.metrics(),
        jit_compile=compiles_whole_steps(),
    )
    # Or TensorFlow traces the first step twice, the second time without what made its variables.
    model.optimizer.build(model.trainable_variables)


def errors_of(task):
    """The metric that counts errors; `None` where they cannot be avoided, or are not counted."""
    return target_kind(task).errors if task.certain else None


def when_solved(experiment, history=()):
    """The callback that stops a training when its task is solved."""
    config = experiment.training
    errors = errors_of(experiment.task)
    return StopWhenSolved(config.patience, errors, config.solved_loss, history)


def was_solved(history, experiment):
    """Whether a training with this history ended because the task was solved."""
    return when_solved(experiment, history).solved


def train(run, model, callbacks=()):
    """Train the model of a run, from its last checkpoint if there is one.

    The result, in `model` and in the run, is the network of the best validation; the last step is
    always validated.

    Args:
        run: a `keras_s4ntm.runs.Run`; its experiment says what is trained on what and how.
        model: `run.experiment.build_model()`.
        callbacks: more callbacks of `model.fit`.

    Returns:
        The history: a list of records.

    Raises:
        TrainingDiverged: the loss or a weight is not finite. The checkpoints before are kept.
    """
    compile_model(model, run.experiment.task, run.experiment.training)
    epoch, history = 0, []
    if run.checkpoints():
        epoch = run.load_checkpoint(model)
        history = [record for record in run.read_history() if record["epoch"] <= epoch]
    else:
        run.save_checkpoint(model, epoch)
    if run.model_path.exists():
        return history
    if not has_ended(history, run.experiment):
        history = _fit(run, model, epoch, history, callbacks)
    run.load_best(model)
    run.save_model(model)
    return history


def has_ended(history, experiment):
    """Whether a training with this history has come to its end: by its steps, by its minutes, or
    because the task was solved.
    """
    if not history:
        return False
    config, last = experiment.training, history[-1]
    late = config.minutes is not None and last["seconds"] >= 60 * config.minutes
    late = late and "val_loss" in last  # which is when `StopAfter` stops
    return last["step"] >= config.steps or late or was_solved(history, experiment)


def _fit(run, model, epoch, history, callbacks):
    """`model.fit` from the end of an epoch to the end of the training; returns the history."""
    experiment = run.experiment
    task, config, seed = experiment.task, experiment.training, experiment.seed
    available = task.size("validation") or config.validation_sequences
    count = math.ceil(min(config.validation_sequences, available) / config.batch_size)
    validation = Batches(task, "validation", seed, config.batch_size, count)
    size = config.steps_per_epoch
    epochs = math.ceil(config.steps / size)
    interval = config.validation_interval // size
    recorder = RunRecorder(run, history, config, errors_of(task))
    callbacks = [
        keras.callbacks.TerminateOnNaN(raise_error=True),
        WatchGradients(),
        SeedEpochs(seed),
        BeginEpochs(),
        ReportFigures(),
        when_solved(experiment, history),
        StopAfter(config.minutes, history[-1]["seconds"] if history else 0.0),
        recorder,  # after those that stop: it checkpoints what they end
        *callbacks,
    ]
    # All epochs have the same number of steps but the last one, which has what is left.
    for last, steps in ((config.steps // size, size), (epochs, config.steps % size)):
        if epoch >= last or model.stop_training:
            continue
        first = epoch * size
        batches = Batches(
            with_curriculum(task, config),
            "train",
            seed,
            config.batch_size,
            steps * (last - epoch),
            first=first,
        )
        try:
            model.fit(
                batches,
                epochs=last,
                steps_per_epoch=steps,
                shuffle=False,
                initial_epoch=epoch,
                validation_data=validation,
                validation_freq=[*range(interval, epochs, interval), epochs],
                callbacks=callbacks,
                verbose=0,
            )
        except RuntimeError as error:
            if "NaN or Inf loss" not in str(error):
                raise
            step = int(model.optimizer.iterations)
            raise TrainingDiverged(f"the loss is not a finite number at step {step}") from error
        epoch = last
    return recorder.records
