"""A run directory: its files, and how to rebuild its task and model from them.

    config.json      task, model, training, preset, seed, backend, versions
    history.json     one record per report interval
    checkpoints/     epoch-00012.weights.h5 (weights and optimizer) and epoch-00012.json (checksum);
                     best.weights.h5, of the best validation
    model.keras      the trained model, once training has ended

Everything is written under a temporary name and then renamed, so that a file under its own name
is whole. A checkpoint counts from the moment its `.json` exists. Nothing in a run directory is
ever executed: the model is rebuilt from the registries by name, the weights are numbers.
"""

import hashlib
import json
import os
import re
import zipfile
from pathlib import Path

from keras_s4ntm.backend.names import BACKENDS, version_of
from keras_s4ntm.errors import RunError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.parameters import choose

FORMAT = 2  # of config.json
CONFIG_KEYS = {
    "format",
    "task",
    "model",
    "training",
    "preset",
    "seed",
    "backend",
    "versions",
}


def load_run(path):
    """`(task, model)` of a run directory, with its trained weights, on any backend.

    Raises:
        RunError: it is no run directory, or a file in it is damaged.
    """
    run = Run.open(path)
    return run.experiment.task, run.load_model()


def _running_backend():
    import keras

    return keras.backend.backend()


def _write_text(path, text):
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def _read_json(path, what):
    try:
        return json.loads(path.read_text())
    except (ValueError, OSError) as error:
        raise RunError(f"{path} is damaged and cannot be read as {what}: {error}.") from error


def _save_weights(model, path):
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name("unfinished.weights.h5")
    model.save_weights(temporary, overwrite=True)
    os.replace(temporary, path)


def _checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Run:
    """A run directory that exists; made by `Run.create` or `Run.open`."""

    def __init__(self, path, config, experiment):
        self.path = Path(path)
        self.config = config
        self.experiment = experiment
        self.history_path = self.path / "history.json"
        self.model_path = self.path / "model.keras"
        self.checkpoints_path = self.path / "checkpoints"
        self.best_path = self.checkpoints_path / "best.weights.h5"

    @classmethod
    def create(cls, path, experiment, backend=None):
        """Make a run directory for an `Experiment`.

        Args:
            path: the directory.
            experiment: what is trained on what and how.
            backend: the backend's name; default: the one that Keras runs on.

        Raises:
            RunError: there is something at `path` already.
        """
        path = Path(path)
        if path.exists() and (not path.is_dir() or any(path.glob("[!.]*"))):
            raise RunError(
                f"{path} exists already. Choose another --run-dir, or continue that run with "
                f"--resume {path}."
            )
        path.mkdir(parents=True, exist_ok=True)
        backend = backend or _running_backend()
        config = {
            "format": FORMAT,
            **experiment.config(),
            "backend": backend,
            "versions": {name: version_of(name) for name in ("keras-s4ntm", "keras", backend)},
        }
        _write_text(path / "config.json", json.dumps(config, indent=2) + "\n")
        return cls(path, config, experiment)

    @classmethod
    def open(cls, path):
        """Open a run directory.

        Raises:
            RunError: it is none, or its config is damaged or of another version.
        """
        path = Path(path)
        config_path = path / "config.json"
        if not config_path.is_file():
            raise RunError(
                f"{path} is not a run directory: it has no config.json. `s4ntm train` makes one."
            )
        config = _read_json(config_path, "a run's configuration")
        found = config.get("format") if isinstance(config, dict) else None
        if isinstance(found, int) and found != FORMAT:
            by = "an older" if found < FORMAT else "a newer"
            raise RunError(
                f"{path} was made by {by} version of keras-s4ntm: {config_path} has format "
                f"{found}, and this version reads {FORMAT}. Train it again, or install that "
                "version."
            )
        if found != FORMAT or set(config) != CONFIG_KEYS:
            raise RunError(
                f"{config_path} is not a run's configuration: it must hold exactly "
                f"{', '.join(sorted(CONFIG_KEYS))}."
            )
        try:
            experiment = Experiment.from_config(config)
            choose("backend", config["backend"], dict.fromkeys(BACKENDS))
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise RunError(f"{config_path} is damaged: {error}") from error
        return cls(path, config, experiment)

    @property
    def backend(self):
        """The backend that it was trained on."""
        return self.config["backend"]

    def load_model(self):
        """The model with its trained weights, or with those of the last checkpoint.

        Raises:
            RunError: a file of the run is damaged.
        """
        try:
            model = self.experiment.build_model()
        except ValueError as error:
            raise RunError(f"{self.path / 'config.json'} is damaged: {error}") from error
        self.load_weights(model)
        return model

    # History

    def write_history(self, records):
        """Replace the history: a list with one dictionary per report interval."""
        _write_text(self.history_path, json.dumps(records, indent=1) + "\n")

    def read_history(self):
        """The history; empty before the first record."""
        if not self.history_path.exists():
            return []
        try:
            records = _read_json(self.history_path, "a history")
            if not all(isinstance(record["epoch"], int) for record in records):
                raise TypeError
        except (RunError, TypeError, KeyError) as error:
            raise RunError(
                f"{self.history_path} is damaged: it is not a list of records. Delete it to go "
                "on without the record so far"
                f"{self._offer(self.checkpoints())}."
            ) from error
        return records

    # Checkpoints

    def checkpoints(self):
        """Epochs of which there is a checkpoint, ascending."""
        names = (p.name for p in self.checkpoints_path.glob("epoch-*.json"))
        matches = (re.fullmatch(r"epoch-(\d+)\.json", name) for name in names)
        return sorted(int(match[1]) for match in matches if match)

    def checkpoint_path(self, epoch):
        """The weights file of the checkpoint after `epoch` epochs."""
        return self.checkpoints_path / f"epoch-{epoch:05d}.weights.h5"

    def save_checkpoint(self, model, epoch, keep=2):
        """Write model and optimizer after `epoch` epochs; keep the last `keep` checkpoints."""
        path = self.checkpoint_path(epoch)
        _save_weights(model, path)
        record = {"epoch": epoch, "sha256": _checksum(path)}
        _write_text(self._checkpoint_record(epoch), json.dumps(record) + "\n")
        for old in self.checkpoints()[:-keep]:
            self._checkpoint_record(old).unlink()
            self.checkpoint_path(old).unlink(missing_ok=True)

    def load_checkpoint(self, model):
        """Load the last checkpoint into a built model and optimizer; returns its epoch.

        Raises:
            RunError: there is none, or it is damaged; the message offers the one before.
        """
        epochs = self.checkpoints()
        if not epochs:
            raise RunError(f"{self.checkpoints_path} holds no checkpoint to continue from.")
        epoch, earlier = epochs[-1], epochs[:-1]
        path, record_path = self.checkpoint_path(epoch), self._checkpoint_record(epoch)
        try:
            record = _read_json(record_path, "a checkpoint's record")
            if record["sha256"] != _checksum(path):
                raise RunError("its checksum does not match")
            model.load_weights(path)
        except (RunError, OSError, KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{path} is damaged ({str(error).splitlines()[0]}). "
                f"Delete {record_path} to go on without it{self._offer(earlier)}."
            ) from error
        return epoch

    def _checkpoint_record(self, epoch):
        return self.checkpoints_path / f"epoch-{epoch:05d}.json"

    def _offer(self, epochs):
        if not epochs:
            return "; there is no other checkpoint"
        return f", from the good checkpoint {self.checkpoint_path(epochs[-1])}"

    # The trained model

    def save_best(self, model):
        """Write the weights of the best validation so far."""
        _save_weights(model, self.best_path)

    def load_best(self, model):
        """Load the weights of the best validation, if there was one."""
        if self.best_path.exists():
            model.load_weights(self.best_path)

    def save_model(self, model):
        """Write the trained model as `model.keras`."""
        from keras_s4ntm.backend.private import saving_without_tensorflow

        temporary = self.path / "unfinished.keras"
        with saving_without_tensorflow():
            model.save(temporary, overwrite=True)
        os.replace(temporary, self.model_path)

    def load_weights(self, model):
        """Load the trained weights, or the last checkpoint's while training has not ended."""
        if not self.model_path.exists():
            self.load_checkpoint(model)
            return
        try:
            model.load_weights(self.model_path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise RunError(
                f"{self.model_path} is damaged or is not this run's model "
                f"({str(error).splitlines()[0]}). Delete it to use the last checkpoint"
                f"{self._offer(self.checkpoints())}."
            ) from error
