"""Where the curves of a training can go beside the run directory. Imports no framework.

A writer has `scalars(step, values)`, `picture(step, name, path)` of a PNG file, `close()`, and the
attribute `id`: what the tracker calls the run, with which it is taken up again.
"""

import importlib.util
import os
import struct
import time

from keras_s4ntm.errors import BackendError

PROJECT = "keras-s4ntm"


class TensorBoardWriter:
    """Logs for TensorBoard in `RUN/tensorboard`, through tensorboardX: without TensorFlow.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        id: of no use here: logs that are resumed go on in the same folder.
    """

    package = "tensorboardX"

    def __init__(self, run, id=None):
        from tensorboardX import SummaryWriter

        self.id = id
        # Or files of the same second would overwrite each other.
        suffix = f".{time.time_ns()}"
        self.writer = SummaryWriter(str(run.path / "tensorboard"), filename_suffix=suffix)

    def scalars(self, step, values):
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def picture(self, step, name, path):
        """The file as it is: `SummaryWriter.add_image` would decode it, and needs Pillow for it."""
        from tensorboardX.proto.summary_pb2 import Summary

        png = path.read_bytes()
        width, height = struct.unpack(">II", png[16:24])
        image = Summary.Image(
            height=height,
            width=width,
            colorspace=4,  # RGBA, as matplotlib writes it
            encoded_image_string=png,
        )
        summary = Summary(value=[Summary.Value(tag=name, image=image)])
        self.writer.file_writer.add_summary(summary, step)

    def close(self):
        self.writer.close()


class WandbWriter:
    """A run of Weights & Biases, in the project of `WANDB_PROJECT` or `keras-s4ntm`.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        id: of the run of Weights & Biases to go on with; default: a new one.
    """

    package = "wandb"  # `wandb.Image` needs Pillow, which the extra brings

    def __init__(self, run, id=None):
        import wandb

        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            dir=str(run.path),
            name=run.path.name,
            id=id,
            resume="allow",
        )
        self.id = self.run.id

    def scalars(self, step, values):
        self.run.log(values, step=step)

    def picture(self, step, name, path):
        """Without a step of its own: an earlier one than the last would be refused."""
        import wandb

        self.run.log({name: wandb.Image(str(path))})

    def close(self):
        self.run.finish()


class MLflowWriter:
    """A run of MLflow, where `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` say.

    Args:
        run: a `keras_s4ntm.runs.Run`.
        id: of the run of MLflow to go on with; default: a new one.
    """

    package = "mlflow"

    def __init__(self, run, id=None):
        import mlflow

        started = mlflow.start_run(run_id=id, run_name=None if id else run.path.name)
        self.id = started.info.run_id

    def scalars(self, step, values):
        import mlflow

        mlflow.log_metrics(values, step=step)

    def picture(self, step, name, path):
        import mlflow

        mlflow.log_artifact(str(path), artifact_path=name.rpartition("/")[0])

    def close(self):
        import mlflow

        mlflow.end_run()


WRITERS = {"tensorboard": TensorBoardWriter, "wandb": WandbWriter, "mlflow": MLflowWriter}


def check_installed(name):
    """Raises `BackendError` if the package of a tracker is missing.

    Args:
        name: one of `WRITERS`.
    """
    if importlib.util.find_spec(WRITERS[name].package) is None:
        raise BackendError(
            f"--tracker {name} needs the package {WRITERS[name].package}: "
            f"pip install 'keras-s4ntm[{name}]'."
        )
