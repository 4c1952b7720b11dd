"""Trackers: the curve of a run, whole and without double points, and its pictures."""

import json
import struct
import sys
import zlib
from types import ModuleType, SimpleNamespace

import pytest
from helpers import untrained

from keras_s4ntm.cli.main import main
from keras_s4ntm.errors import BackendError, RunError, S4NTMError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.runs import Run
from keras_s4ntm.training.fit import train
from keras_s4ntm.training.tracker import Tracker
from keras_s4ntm.training.writers import WRITERS

pytestmark = pytest.mark.once
SMALL = {"max_length": 3, "bits": 2, "units": 4, "batch_size": 2, "validation_sequences": 2}
STEPS = {"steps": 9, "report_interval": 2, "validation_interval": 4, "checkpoint_interval": 4}


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", Experiment.choose("copy", "lstm", {**SMALL, **STEPS}))


class Wandb(ModuleType):
    """As much of Weights & Biases as is used, with its signatures."""

    def __init__(self):
        super().__init__("wandb")
        self.started, self.logged, self.finished = [], [], 0

    def init(self, *, project=None, dir=None, id=None, name=None, resume=None):
        self.started.append({"project": project, "id": id, "name": name, "resume": resume})
        return SimpleNamespace(id=id or "new", log=self.log, finish=self.finish)

    def log(self, data, step=None, commit=None):
        self.logged.append((step, data))

    def finish(self, exit_code=None, quiet=None):
        self.finished += 1

    @staticmethod
    def Image(data_or_path, mode=None, caption=None):
        return f"image of {data_or_path}"


class MLflow(ModuleType):
    """As much of MLflow as is used, with its signatures."""

    def __init__(self):
        super().__init__("mlflow")
        self.started, self.logged, self.files, self.finished = [], [], [], 0

    def start_run(self, run_id=None, experiment_id=None, run_name=None, nested=False):
        self.started.append((run_id, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id or "new"))

    def log_metrics(self, metrics, step=None, synchronous=None, run_id=None):
        self.logged.append((step, metrics))

    def log_artifact(self, local_path, artifact_path=None, run_id=None):
        self.files.append((local_path, artifact_path))

    def end_run(self, status="FINISHED"):
        self.finished += 1


def png(path, width=3, height=2):
    """Write a black picture."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    path.parent.mkdir(exist_ok=True)
    rows = zlib.compress((b"\0" + b"\0\0\0\xff" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def expected_curve(run):
    """`[(step, {name: value})]` of a run's history."""
    no_metric = ("epoch", "step", "seconds")
    return [
        (record["step"], {k: pytest.approx(v) for k, v in record.items() if k not in no_metric})
        for record in run.read_history()
    ]


class Interrupted(Exception):
    """In the place of a crash."""


def train_with(run, name, crash_at=None):
    """Train a run with a tracker; after the epoch that ends at step `crash_at` it crashes."""

    class Crash(Tracker):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if self.sent[name]["step"] == crash_at:
                raise Interrupted

    tracker = Crash(run, name)
    try:
        train(run, run.experiment.build_model(), [tracker])
    except Interrupted:
        assert crash_at is not None
    finally:
        tracker.stop()


def train_and_resume(run, name):
    """Crash between two checkpoints, resume, and end with a picture."""
    png(run.path / "plots" / "copy.png")
    train_with(run, name, crash_at=6)  # of which the checkpoint is at 4: 6 is trained again
    assert run.checkpoints()[-1] == 2
    train_with(run, name)
    assert [record["step"] for record in run.read_history()] == [2, 4, 6, 8, 9]


def events_of(folder):
    """What TensorBoard reads: `(step, tag, value)` of every file in the order of the files."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            found += [(event.step, value) for value in event.summary.value]
            data = data[16 + length :]
    return found


def test_tensorboard_gets_every_point_once_and_the_picture_at_the_end(run):
    pytest.importorskip("tensorboardX")
    train_and_resume(run, "tensorboard")
    events = events_of(run.path / "tensorboard")
    points = [(step, e.tag, e.simple_value) for step, e in events if e.HasField("simple_value")]
    curve = [(step, k, v) for step, values in expected_curve(run) for k, v in values.items()]
    assert sorted(points) == sorted(curve, key=lambda point: point[:2])
    assert {"loss", "bit_errors", "val_loss", "val_bit_errors"} <= {tag for _, tag, _ in points}
    ((step, picture),) = [(step, e) for step, e in events if e.HasField("image")]
    assert (step, picture.tag) == (9, "plots/copy")
    assert (picture.image.width, picture.image.height) == (3, 2)
    expected = (run.path / "plots" / "copy.png").read_bytes()
    assert picture.image.encoded_image_string == expected


def test_weights_and_biases_goes_on_with_its_run(run, monkeypatch):
    wandb = Wandb()
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setattr("keras_s4ntm.training.tracker.check_installed", lambda name: None)
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    train_and_resume(run, "wandb")
    known = {"project": "keras-s4ntm", "name": "run", "resume": "allow"}
    assert wandb.started == [{**known, "id": None}, {**known, "id": "new"}]
    *curve, picture = wandb.logged
    assert curve == expected_curve(run)
    assert picture == (None, {"plots/copy": f"image of {run.path / 'plots' / 'copy.png'}"})
    assert wandb.finished == 2


def test_mlflow_goes_on_with_its_run(run, monkeypatch):
    mlflow = MLflow()
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setattr("keras_s4ntm.training.tracker.check_installed", lambda name: None)
    train_and_resume(run, "mlflow")
    assert mlflow.started == [(None, "run"), ("new", None)]
    assert mlflow.logged == expected_curve(run)
    assert mlflow.files == [(str(run.path / "plots" / "copy.png"), "plots")]
    assert mlflow.finished == 2


def test_what_a_tracker_raises_becomes_a_sentence(run, monkeypatch):
    mlflow = MLflow()
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setattr("keras_s4ntm.training.tracker.check_installed", lambda name: None)

    def fails(*_, **__):
        raise ConnectionError("nobody answers\nand more")

    monkeypatch.setattr(mlflow, "log_metrics", fails)
    with pytest.raises(S4NTMError, match=r"^--tracker mlflow failed: nobody answers\. .*--resume"):
        train_with(run, "mlflow")
    monkeypatch.setattr(mlflow, "start_run", fails)
    with pytest.raises(S4NTMError, match=r"^--tracker mlflow failed: nobody answers\. "):
        Tracker(run, "mlflow")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"mlflow": 3}', '{"mlflow": {"step": "7", "id": null}}',
     '{"mlflow": {"step": 7, "id": 3}}'],
)  # fmt: skip
def test_a_damaged_record_of_what_was_sent_is_refused_in_a_sentence(run, monkeypatch, text):
    monkeypatch.setattr("keras_s4ntm.training.tracker.check_installed", lambda name: None)
    (run.path / "trackers.json").write_text(text)
    with pytest.raises(RunError, match=r"trackers\.json is damaged: .* Delete it to send"):
        Tracker(run, "mlflow")


def run_cli(*arguments):
    """Exit code of `s4ntm train ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["train", *map(str, arguments)])
    return exit.value.code


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_package_is_said_before_there_is_a_run(tmp_path, monkeypatch, capfd, name):
    monkeypatch.setitem(sys.modules, WRITERS[name].package, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run_cli("copy", "--tracker", name, "--run-dir", tmp_path / "run") == 1
    said = capfd.readouterr().err
    assert f"--tracker {name} needs the package {WRITERS[name].package}" in said
    assert f"pip install 'keras-s4ntm[{name}]'" in said
    assert not (tmp_path / "run").exists()
    with pytest.raises(BackendError):
        Tracker(untrained(tmp_path / "other"), name)


def test_the_command_line_writes_logs_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    path = tmp_path / "run"
    values = [f"-p{name}={value}" for name, value in {**SMALL, **STEPS, "patience": 3}.items()]
    assert (
        run_cli("copy", "--model", "lstm", *values, "--run-dir", path, "--tensorboard", "--quiet")
        == 0
    )
    steps = {step for step, value in events_of(path / "tensorboard") if value.tag == "loss"}
    assert steps == {record["step"] for record in Run.open(path).read_history()}
    assert json.loads((path / "trackers.json").read_text()) == {
        "tensorboard": {"step": 9, "id": None}
    }
    png(path / "plots" / "copy.png")
    assert run_cli("--resume", path, "--tracker", "tensorboard", "--quiet") == 0
    pictures = [step for step, e in events_of(path / "tensorboard") if e.HasField("image")]
    assert pictures == [9]


def test_two_trackers_are_a_usage_error(capfd):
    assert run_cli("copy", "--tensorboard", "--tracker", "wandb") == 2
    assert "give it or --tracker, not both" in capfd.readouterr().err
