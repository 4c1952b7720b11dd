"""`Tracker`: loss, metrics and pictures of a run go to TensorBoard, Weights & Biases or MLflow."""

import contextlib
import json

import keras

from keras_s4ntm.errors import RunError, S4NTMError
from keras_s4ntm.files import new_file
from keras_s4ntm.training.writers import WRITERS, check_installed


class Tracker(keras.callbacks.Callback):
    """Sends the logs of every epoch to a tracker, and at the end the pictures in `RUN/plots`.

    Steps are updates, as in the history. How far a run was sent is kept in `RUN/trackers.json`: a
    run that is resumed goes on there, and sends nothing twice of what it trains again.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        name: of the tracker, one of `WRITERS`.

    Raises:
        BackendError: the package of the tracker is not installed.
        RunError: `trackers.json` is damaged.
        S4NTMError: the tracker fails, then or later.
    """

    def __init__(self, run, name):
        super().__init__()
        check_installed(name)
        self.run = run
        self.name = name
        self.path = run.path / "trackers.json"
        self.sent = read_sent(self.path)
        known = self.sent.setdefault(name, {"step": 0, "id": None})
        with in_a_sentence(name):
            self.writer = WRITERS[name](run, known["id"])
        known["id"] = self.writer.id
        self.write_sent()

    def on_epoch_end(self, epoch, logs=None):
        step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations.value))
        if step <= self.sent[self.name]["step"]:
            return
        with in_a_sentence(self.name):
            self.writer.scalars(step, {name: float(value) for name, value in logs.items()})
        self.sent[self.name]["step"] = step
        self.write_sent()

    def stop(self):
        """Send the pictures, if the training has ended, and close the tracker."""
        pictures = (self.run.path / "plots").glob("*.png") if self.run.model_path.exists() else ()
        with in_a_sentence(self.name):
            for path in sorted(pictures):
                self.writer.picture(self.sent[self.name]["step"], f"plots/{path.stem}", path)
            self.writer.close()

    def write_sent(self):
        """Keep how far the run was sent to each tracker."""
        with new_file(self.path) as temporary:
            temporary.write_text(json.dumps(self.sent) + "\n")


@contextlib.contextmanager
def in_a_sentence(name):
    """What a tracker raises, each its own kind, as `S4NTMError`."""
    try:
        yield
    except Exception as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise S4NTMError(
            f"--tracker {name} failed: {why}. The run goes on with `s4ntm train --resume`, with "
            "this tracker, another or none."
        ) from error


def read_sent(path):
    """`{tracker: {"step", "id"}}`; empty before the first.

    Raises:
        RunError: the file is damaged.
    """
    if not path.exists():
        return {}
    try:
        sent = json.loads(path.read_text())
        for known in sent.values():
            if set(known) != {"step", "id"} or not isinstance(known["step"], int):
                raise ValueError(f"{known} is not a step and an id")
            if not isinstance(known["id"], str | None):
                raise ValueError(f"{known['id']} is no id")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged: {error}. Delete it to send the run to its trackers anew."
        ) from error
    return sent
