"""A Rich progress display for `model.fit`."""

import time

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class RichProgress(keras.callbacks.ProgbarLogger):
    """Live progress: step, loss, bits per sequence, sequences per second, time left.

    It replaces the progress bar of Keras. Off a terminal it prints one line per validation.

    Args:
        config: the `TrainingConfig` of the training.
        console: a `rich.console.Console`; default: standard error.
    """

    async_safe = True

    def __init__(self, config, console=None):
        super().__init__()
        self.batch_size = config.batch_size
        self.total = config.steps
        self.size = config.steps_per_epoch
        self.console = console or Console(stderr=True)
        self.progress = None
        self.logs = {}

    def on_train_begin(self, logs=None):
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
        self.step = epoch * self.size

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
            "rmse": "root mean square error",
            "updated": "share of steps updated",
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
