"""Callbacks for `model.fit`: a run's records, and when to stop.

The usual Keras callbacks (`TerminateOnNaN`, ...) are used as they are. Only the checkpoint is our
own: `keras.callbacks.BackupAndRestore` writes weights and epoch into two files in place, so that a
process killed between the two resumes at the wrong epoch.
"""

import signal
import time
import warnings

import keras
import numpy as np

from keras_s4ntm.errors import S4NTMWarning, TrainingDiverged
from keras_s4ntm.layers.figures import figures_of


class InterruptBetweenSteps(keras.callbacks.Callback):
    """Ctrl-C during `fit` raises `KeyboardInterrupt` after the step, never within one.

    Raised at any other place it may be swallowed, by a destructor or by native code. A second
    Ctrl-C acts at once. `stop` gives Ctrl-C back its usual meaning.
    """

    def on_train_begin(self, logs=None):
        self.interrupted = False
        signal.signal(signal.SIGINT, self.note)

    def note(self, *_):
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def on_train_batch_end(self, batch, logs=None):
        if self.interrupted:
            raise KeyboardInterrupt

    def stop(self):
        signal.signal(signal.SIGINT, signal.default_int_handler)


class SeedEpochs(keras.callbacks.Callback):
    """Makes what a model draws at random in training a function of the seed and the epoch.

    The state of random generators is in no checkpoint; so a resumed run draws what the
    uninterrupted one would have drawn.
    """

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        generators = (
            v for v in self.model.non_trainable_variables if v.name == "seed_generator_state"
        )
        for number, state in enumerate(generators):
            drawn = np.random.SeedSequence((self.seed, number, epoch)).generate_state(2)
            state.assign(drawn)


class BeginEpochs(keras.callbacks.Callback):
    """Tells the layers that change from epoch to epoch, such as `SANTM`, that one begins.

    Such a layer has `on_epoch_begin(epoch, epochs)`. It changes its weights, in no other way than
    follows from them and from the two numbers, so that a resumed run goes on as it would have; and
    says whether it now computes with other shapes. Then the steps are compiled anew.
    """

    def on_epoch_begin(self, epoch, logs=None):
        layers = [layer for layer in self.model.layers if hasattr(layer, "on_epoch_begin")]
        changed = [layer.on_epoch_begin(epoch, self.params["epochs"]) for layer in layers]
        if any(changed):
            self.model.make_train_function(force=True)
            self.model.make_test_function(force=True)


class ReportFigures(keras.callbacks.Callback):
    """Adds to the logs of an epoch what layers say of their work in it, see `layers.figures`."""

    def on_epoch_begin(self, epoch, logs=None):
        for figure in figures_of(self.model):
            figure.reset()

    def on_epoch_end(self, epoch, logs=None):
        logs.update({figure.name: figure.value() for figure in figures_of(self.model)})


class RunRecorder(keras.callbacks.Callback):
    """Writes the history, the checkpoints and the best network of a run.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        history: the records of the epochs before, when a run is resumed.
        config: the `TrainingConfig` of the training.
        errors: the metric that counts errors, see `validation_rank`.
    """

    def __init__(self, run, history, config, errors="bit_errors"):
        super().__init__()
        self.run = run
        self.config = config
        self.checkpoint_every = max(config.checkpoint_interval // config.steps_per_epoch, 1)
        self.errors = errors
        self.records = list(history)

    def on_train_begin(self, logs=None):
        self.before = self.records[-1]["seconds"] if self.records else 0.0
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        step = min(done * self.config.steps_per_epoch, self.config.steps)
        seconds = self.before + time.perf_counter() - self.started
        if "val_loss" in logs and validation_rank(logs, self.errors) > self.best():
            self.run.save_best(self.model)
        self.records.append(
            {
                "epoch": done,
                "step": step,
                "seconds": round(seconds, 3),
                **{name: float(value) for name, value in logs.items()},
            }
        )
        self.run.write_history(self.records)
        last = done == self.params["epochs"] or self.model.stop_training
        if last or done % self.checkpoint_every == 0:
            check_finite(self.model, step)
            self.run.save_checkpoint(self.model, done)

    def best(self):
        """The rank of the best validation so far."""
        validations = (record for record in self.records if "val_loss" in record)
        return max((validation_rank(record, self.errors) for record in validations), default=())


def validation_rank(logs, errors="bit_errors"):
    """What makes one validation better than another: fewer errors, then a lower loss.

    The loss goes on falling long after the last wrong bit, and says nothing of rare errors then.

    Args:
        logs: of a validation.
        errors: the metric that counts errors; `None`: only the loss counts.
    """
    return -logs.get(f"val_{errors}", 0.0), -logs["val_loss"]


def check_finite(model, step):
    """Raises `TrainingDiverged` if a weight of the model is not a finite number."""
    for variable in model.trainable_variables:
        if not np.isfinite(keras.ops.convert_to_numpy(variable.value)).all():
            raise TrainingDiverged(f"the weight {variable.path} is not finite after step {step}")


class WatchGradients(keras.callbacks.Callback):
    """Says when gradients were not a number, and stops where they persist.

    Such gradients count as zero (`SlowStateSpaceAdamW`): a few of them cost nothing, but where they
    go on nothing is learned any more.

    Args:
        patience: updates in a row with such gradients after which the training has diverged.
    """

    def __init__(self, patience=20):
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.before = self.count("nan_updates")

    def count(self, name):
        """A count of the optimizer."""
        return int(keras.ops.convert_to_numpy(getattr(self.model.optimizer, name).value))

    def on_epoch_end(self, epoch, logs=None):
        new = self.count("nan_updates") - self.before
        if new:
            self.before += new
            warnings.warn(
                f"In {new} updates of epoch {epoch + 1} gradients were not a number; they counted "
                "as zero.",
                S4NTMWarning,
                stacklevel=2,
            )
        if self.count("nan_updates_in_a_row") >= self.patience:
            step = int(self.model.optimizer.iterations)
            raise TrainingDiverged(
                f"gradients were not a number in {self.patience} updates in a row, at step {step}"
            )


class StopWhenSolved(keras.callbacks.Callback):
    """Stops when `patience` validations in a row were faultless.

    Args:
        patience: validations in a row.
        errors: the metric that counts errors; `None`: they are not counted, and the loss alone
            tells, as of real values.
        loss: the validation loss, in nats a bit or token, below which a validation counts: without
            an error *and* far from making one. `None`: any; without errors that count the task is
            then never solved.
        history: records of the epochs before, when a run is resumed.
    """

    def __init__(self, patience, errors="bit_errors", loss=None, history=()):
        super().__init__()
        self.patience = patience
        self.errors = errors and f"val_{errors}"
        self.loss = loss
        self.faultless = 0
        for record in history:
            self._count(record)

    def _count(self, logs):
        if (self.errors or "val_loss") not in logs:
            return
        sure = self.loss is None or logs["val_loss"] < self.loss
        faultless = self.loss is not None if self.errors is None else logs[self.errors] == 0
        self.faultless = self.faultless + 1 if faultless and sure else 0

    @property
    def solved(self):
        """Whether there were `patience` of them."""
        return self.faultless >= self.patience

    def on_epoch_end(self, epoch, logs=None):
        self._count(logs or {})
        if self.solved:
            self.model.stop_training = True


class StopAfter(keras.callbacks.Callback):
    """Stops after so many minutes, after a validation.

    Args:
        minutes: of all the training; `None`: without a limit.
        seconds: that it has taken before, where a run is resumed.
    """

    def __init__(self, minutes, seconds=0.0):
        super().__init__()
        self.minutes = minutes
        self.seconds = seconds
        self.started = None

    def on_train_begin(self, logs=None):
        self.started = self.started or time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = self.seconds + time.perf_counter() - self.started
        late = self.minutes is not None and seconds >= 60 * self.minutes
        if late and "val_loss" in (logs or {}):
            self.model.stop_training = True
