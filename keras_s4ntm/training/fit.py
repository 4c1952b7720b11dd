"""From a task, a model and a recipe to a trained model in a run directory, through `model.fit`."""

import keras

from keras_s4ntm.backend import compile_loops
from keras_s4ntm.batches import Batches
from keras_s4ntm.callbacks import RunRecorder, SeedEpochs, StopAfter, StopWhenSolved
from keras_s4ntm.curriculum import with_curriculum
from keras_s4ntm.errors import TrainingDiverged
from keras_s4ntm.optimizers import make_optimizer
from keras_s4ntm.outputs import OUTPUTS


def compile_model(model, task, recipe):
    """Compile for the task's kind of output."""
    output = OUTPUTS[task.output]
    compile_loops()
    model.compile(
        optimizer=make_optimizer(recipe),
        loss=output.loss(from_logits=True, reduction="mean_with_sample_weight"),
        **output.metrics(),
        # XLA pays on TensorFlow's CPU too, where "auto" does not use it.
        jit_compile=keras.backend.backend() != "torch",
    )
    # Or TensorFlow traces the first step twice, the second time without what made its variables.
    model.optimizer.build(model.trainable_variables)


def errors_of(task):
    """The metric that counts errors; `None` where they cannot be avoided, or are not counted."""
    return OUTPUTS[task.output].errors if task.optimal is None else None


def was_solved(history, task, recipe):
    """Whether a training with this history ended because the task was solved."""
    return StopWhenSolved(recipe.patience, errors_of(task), history=history).solved


def train(run, model, task, recipe, seed, callbacks=()):
    """Train `model` in `run`, from its last checkpoint if it has one.

    The result, in `model` and in the run, is the network of the best validation; the last step is
    always validated.

    Returns:
        The history: a list of records.

    Raises:
        TrainingDiverged: the loss or a weight is not finite. The checkpoints before are kept.
    """
    compile_model(model, task, recipe)
    epoch, history = 0, []
    if run.checkpoints():
        epoch = run.load_checkpoint(model)
        history = [record for record in run.read_history() if record["epoch"] <= epoch]
    else:
        run.save_checkpoint(model, epoch)
    if run.model_path.exists():  # training has ended before
        return history

    size = recipe.steps_per_epoch
    epochs = recipe.steps // size
    interval = recipe.validation_interval // size
    lessons = with_curriculum(task, recipe)
    batches = Batches(
        lessons, "train", seed, recipe.batch_size, recipe.steps - epoch * size, first=epoch * size
    )
    available = task.size("validation") or recipe.validation_sequences
    count = max(min(recipe.validation_sequences, available) // recipe.batch_size, 1)
    validation = Batches(task, "validation", seed, recipe.batch_size, count)
    errors = errors_of(task)
    recorder = RunRecorder(run, history, size, recipe.checkpoint_interval // size, errors)
    try:
        model.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=size,
            shuffle=False,
            initial_epoch=epoch,
            validation_data=validation,
            validation_freq=[*range(interval, epochs, interval), epochs],
            callbacks=[
                keras.callbacks.TerminateOnNaN(raise_error=True),
                SeedEpochs(seed),
                StopWhenSolved(recipe.patience, errors, history=history),
                recorder,
                StopAfter(recipe.minutes, recorder.records),
                *callbacks,
            ],
            verbose=0,
        )
    except RuntimeError as error:
        if "NaN or Inf loss" not in str(error):
            raise
        step = int(model.optimizer.iterations)
        raise TrainingDiverged(f"the loss is not a finite number at step {step}") from error
    run.load_best(model)
    run.save_model(model)
    return recorder.records
