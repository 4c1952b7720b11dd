"""Callbacks for `model.fit`: a Rich progress display, a run's records, and when to stop.

The usual Keras callbacks (`TerminateOnNaN`, `TensorBoard`, ...) are used as they are. Only the
checkpoint is our own: `keras.callbacks.BackupAndRestore` writes weights and epoch into two files
in place, so that a process killed between the two resumes at the wrong epoch.
"""

import signal
import time

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from keras_s4ntm.errors import TrainingDiverged


class RichProgress(keras.callbacks.ProgbarLogger):
    """Live progress: step, loss, bits per sequence, sequences per second, time left.

    It replaces the progress bar of Keras. Off a terminal it prints one line per validation.

    Args:
        batch_size: sequences in a batch.
        console: a `rich.console.Console`; default: standard error.
    """

    async_safe = True

    def __init__(self, batch_size, console=None):
        super().__init__()
        self.batch_size = batch_size
        self.console = console or Console(stderr=True)
        self.progress = None
        self.logs = {}

    def on_train_begin(self, logs=None):
        self.total = self.target * self.epochs  # both set by ProgbarLogger.set_params
        self.step = self.first_step = None
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("step {task.completed}/{task.total}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self.console,
            refresh_per_second=4,
            disable=not self.console.is_terminal,
        )
        self.bar = self.progress.add_task("compiling", total=self.total, figures="", start=False)
        self.progress.start()

    def on_epoch_begin(self, epoch, logs=None):
        self.step = epoch * self.target

    def on_train_batch_begin(self, batch, logs=None):
        pass

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.first_step is None:
            self.first_step, self.started = self.step, time.perf_counter()
            self.progress.start_task(self.bar)
        self.progress.update(
            self.bar, completed=self.step, description="training", figures=self._figures()
        )

    def on_epoch_end(self, epoch, logs=None):
        self.logs = {**self.logs, **(logs or {})}
        if not self.console.is_terminal and any(k.startswith("val_") for k in logs or {}):
            self.console.print(f"step {self.step}/{self.total}  {self._figures()}", soft_wrap=True)

    def on_train_end(self, logs=None):
        self.progress.update(self.bar, description="trained", figures=self._figures())
        self.progress.stop()

    def on_test_begin(self, logs=None):
        pass

    def on_test_batch_end(self, batch, logs=None):
        pass

    def on_test_end(self, logs=None):
        pass

    def on_predict_begin(self, logs=None):
        pass

    def on_predict_batch_end(self, batch, logs=None):
        pass

    def on_predict_end(self, logs=None):
        pass

    def stop(self):
        """Leave the terminal in order after an interruption."""
        if self.progress is not None:
            self.progress.stop()

    def _figures(self):
        names = {
            "loss": "loss",
            "bit_errors": "wrong bits/sequence",
            "token_errors": "wrong tokens/sequence",
        }
        figures = []
        for key, label in names.items():
            if key in self.logs:
                figures.append(f"{label} {self.logs[key]:.4g}")
            if f"val_{key}" in self.logs:
                figures.append(f"(validation {self.logs[f'val_{key}']:.4g})")
        if self.first_step is not None and self.step > self.first_step:
            elapsed = time.perf_counter() - self.started
            rate = (self.step - self.first_step) * self.batch_size / elapsed
            figures.append(f"{rate:.0f} sequences/s")
        return "  ".join(figures)


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


class RunRecorder(keras.callbacks.Callback):
    """Writes the history, the checkpoints and the best network of a run.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        history: the records of the epochs before, when a run is resumed.
        steps_per_epoch: batches in an epoch of this `fit`.
        checkpoint_every: epochs between checkpoints.
        errors: the metric that counts errors, see `validation_rank`.
    """

    def __init__(self, run, history, steps_per_epoch, checkpoint_every, errors="bit_errors"):
        super().__init__()
        self.run = run
        self.steps_per_epoch = steps_per_epoch
        self.checkpoint_every = checkpoint_every
        self.errors = errors
        self.records = list(history)

    def on_train_begin(self, logs=None):
        self.before = self.records[-1]["seconds"] if self.records else 0.0
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        done = epoch + 1
        seconds = self.before + time.perf_counter() - self.started
        if "val_loss" in logs and validation_rank(logs, self.errors) > self.best():
            self.run.save_best(self.model)
        self.records.append(
            {
                "epoch": done,
                "step": done * self.steps_per_epoch,
                "seconds": round(seconds, 3),
                **{name: float(value) for name, value in logs.items()},
            }
        )
        self.run.write_history(self.records)
        last = done == self.params["epochs"] or self.model.stop_training
        if last or done % self.checkpoint_every == 0:
            check_finite(self.model, done * self.steps_per_epoch)
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


class StopWhenSolved(keras.callbacks.Callback):
    """Stops when `patience` validations in a row were faultless.

    Args:
        patience: validations in a row.
        errors: the metric that counts errors; `None`: the task is never solved.
        loss: the validation loss, in nats a bit or token, below which a validation counts: without
            an error *and* far from making one. `None`: any.
        history: records of the epochs before, when a run is resumed.
    """

    def __init__(self, patience, errors="bit_errors", loss=None, history=()):
        super().__init__()
        self.patience = patience
        self.errors = f"val_{errors}"
        self.loss = loss
        self.faultless = 0
        for record in history:
            self._count(record)

    def _count(self, logs):
        if self.errors in logs:
            sure = self.loss is None or logs["val_loss"] < self.loss
            solved = logs[self.errors] == 0 and sure
            self.faultless = self.faultless + 1 if solved else 0

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
        records: the history, which `RunRecorder` goes on writing.
    """

    def __init__(self, minutes, records):
        super().__init__()
        self.minutes = minutes
        self.records = records

    def on_epoch_end(self, epoch, logs=None):
        late = self.minutes is not None and self.records[-1]["seconds"] >= 60 * self.minutes
        if late and "val_loss" in (logs or {}):
            self.model.stop_training = True
