"""Training as a whole: killed and resumed, interrupted, and what its result is."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import h5py
import keras
import numpy as np
import pytest
from helpers import numpy

from keras_s4ntm.experiment import Experiment
from keras_s4ntm.runs import Run
from keras_s4ntm.saving import load_model
from keras_s4ntm.tasks import Copy
from keras_s4ntm.training.callbacks import validation_rank
from keras_s4ntm.training.fit import train

SMALL = ["-p", "max_length=3", "-p", "bits=2", "-p", "memory_size=8", "-p", "units=8"]
STEPS = ["--steps", "160", "--report-interval", "10", "--validation-interval", "40"]


def start(*arguments):
    """`s4ntm train ARGUMENTS` in a process of its own."""
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "train", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test runner in the background ignores Ctrl-C, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def start_small(path, *more):
    """A training of a small network on a small task that leaves many checkpoints."""
    return start(
        "copy", "--model", "ntm", *SMALL, *STEPS, "--checkpoint-interval", "10",
        "--run-dir", path, "--backend", keras.backend.backend(), *more,
    )  # fmt: skip


def wait_for_checkpoints(path, count):
    """Wait until that many epochs have been checkpointed."""
    deadline = time.time() + 120
    while time.time() < deadline:
        names = os.listdir(path / "checkpoints") if (path / "checkpoints").exists() else []
        if any(name >= f"epoch-{count:05d}.json" for name in names if name.endswith(".json")):
            return
        time.sleep(0.005)
    pytest.fail("no checkpoint came")


def final_weights(path):
    """Every array of the last checkpoint: weights, optimizer, counters."""
    arrays = {}
    last = max((path / "checkpoints").glob("epoch-*.weights.h5"))
    with h5py.File(last) as file:
        file.visititems(
            lambda name, item: (
                arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return arrays


def history(path):
    records = json.loads((path / "history.json").read_text())
    return [{k: v for k, v in r.items() if k != "seconds"} for r in records]


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow", reason="takes a minute: left to the slow test"
)
def test_killed_at_a_random_moment_and_resumed_ends_with_the_same_bits(tmp_path):
    whole = start_small(tmp_path / "whole", "--quiet")
    assert whole.wait() == 0, whole.stderr.read()

    process = start_small(tmp_path / "killed", "--quiet")
    wait_for_checkpoints(tmp_path / "killed", 2)
    time.sleep(random.Random().uniform(0, 0.5))
    process.kill()
    process.wait()
    assert not (tmp_path / "killed" / "model.keras").exists()

    resumed = start("--resume", tmp_path / "killed", "--quiet")
    assert resumed.wait() == 0, resumed.stderr.read()
    expected, actual = final_weights(tmp_path / "whole"), final_weights(tmp_path / "killed")
    assert set(actual) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array, err_msg=name)
    assert history(tmp_path / "killed") == history(tmp_path / "whole")


@pytest.mark.slow  # minutes: KERAS_BACKEND=jax pytest -o addopts="" -m slow -k twenty
def test_killed_at_twenty_moments_from_the_first_second_to_the_last_file_it_ends_with_the_same_bits(
    tmp_path,
):
    start_small(tmp_path / "first", "--quiet").wait()  # fills the cache of compiled code
    began = time.perf_counter()
    whole = start_small(tmp_path / "whole", "--quiet")
    assert whole.wait() == 0, whole.stderr.read()
    seconds = time.perf_counter() - began

    kills, source = 20, random.Random(0)
    for number in range(kills):
        path = tmp_path / str(number)
        process = start_small(path, "--quiet")
        time.sleep(seconds * (number + source.random()) / kills)  # once in each twentieth
        process.kill()
        process.wait()
        started = (path / "config.json").exists()
        process = start("--resume", path, "--quiet") if started else start_small(path, "--quiet")
        assert process.wait() == 0, f"{number}: {process.stderr.read()}"
        assert history(path) == history(tmp_path / "whole"), number
        expected, actual = final_weights(tmp_path / "whole"), final_weights(path)
        assert set(actual) == set(expected), number
        for name, array in expected.items():
            np.testing.assert_array_equal(actual[name], array, err_msg=f"{number}: {name}")
        models = [load_model(p / "model.keras") for p in (path, tmp_path / "whole")]
        for own, other in zip(*(model.get_weights() for model in models), strict=True):
            np.testing.assert_array_equal(own, other, err_msg=str(number))


@pytest.mark.once
def test_ctrl_c_leaves_a_run_that_can_be_evaluated_and_resumed_and_exits_with_130(tmp_path):
    path = tmp_path / "run"
    process = start_small(path)
    wait_for_checkpoints(path, 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"s4ntm train --resume {path}" in err
    assert "Traceback" not in err
    assert out == ""
    run = Run.open(path)
    assert run.checkpoints()
    assert run.read_history()


def fit(path, spoil=None, **values):
    """`(model, history)` of a small training."""
    values = {
        "bits": 2, "max_length": 3, "memory_size": 8, "units": 8, "report_interval": 20,
        "warmup_steps": 0, **values,
    }  # fmt: skip
    experiment = Experiment.choose("copy", "ntm", values)
    run = Run.create(path, experiment, keras.backend.backend())
    model = experiment.build_model()
    return model, train(run, model, callbacks=[spoil] if spoil else [])


@pytest.mark.once
def test_the_result_is_the_network_of_the_best_validation(tmp_path):
    seen = {}

    class Spoil(keras.callbacks.Callback):
        """Ruins the network after the second validation; keeps what it was before."""

        def on_epoch_end(self, epoch, logs=None):
            seen[epoch] = self.model.get_weights()
            if epoch == 1:
                self.model.set_weights([w + 5 for w in seen[epoch]])

    model, history = fit(tmp_path / "run", Spoil(), steps=80, validation_interval=20)
    best_epoch = max(range(4), key=lambda epoch: validation_rank(history[epoch]))
    for weight, best in zip(model.get_weights(), seen[best_epoch], strict=True):
        np.testing.assert_array_equal(weight, best)


@pytest.mark.once
def test_the_last_step_is_validated_whatever_the_interval(tmp_path):
    _, history = fit(tmp_path / "run", steps=60, validation_interval=40)
    assert [record["step"] for record in history if "val_loss" in record] == [40, 60]


def weights_of(model):
    return [numpy(v.value) for v in (*model.weights, *model.optimizer.variables)]


def refit(path):
    """A run that has lost its `model.keras`, resumed: `(model, history)`."""
    run = Run.open(path)
    run.model_path.unlink()
    model = run.experiment.build_model()
    return model, train(run, model)


@pytest.mark.once
def test_a_run_killed_between_its_last_checkpoint_and_its_model_ends_with_the_same_model(tmp_path):
    model, history = fit(tmp_path / "run", steps=40, validation_interval=20)
    resumed, again = refit(tmp_path / "run")
    assert again == history
    for own, other in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)
    assert Run.open(tmp_path / "run").model_path.exists()


@pytest.mark.once
def test_a_solved_run_that_is_resumed_trains_no_further(tmp_path, monkeypatch):
    values = {"steps": 80, "validation_interval": 20, "patience": 2}
    monkeypatch.setattr("keras_s4ntm.training.callbacks.StopWhenSolved._count", always_solved)
    _, history = fit(tmp_path / "run", **values)
    assert [record["step"] for record in history] == [20, 40]
    _, again = refit(tmp_path / "run")
    assert again == history


def always_solved(self, logs):
    if "val_loss" in logs:
        self.faultless += 1


def test_a_run_out_of_its_minutes_that_is_resumed_trains_no_further(tmp_path):
    _, history = fit(tmp_path / "run", steps=80, validation_interval=20, minutes=1e-6)
    assert [record["step"] for record in history] == [20]
    _, again = refit(tmp_path / "run")
    assert again == history


def test_steps_that_fit_no_interval_end_with_a_shorter_epoch(tmp_path):
    _, history = fit(tmp_path / "run", steps=51, validation_interval=40, checkpoint_interval=20)
    assert [record["step"] for record in history] == [20, 40, 51]
    assert [record["step"] for record in history if "val_loss" in record] == [40, 51]
    assert Run.open(tmp_path / "run").checkpoints() == [2, 3]


@pytest.mark.once
def test_a_shorter_last_epoch_is_resumed_with_the_same_bits(tmp_path):
    values = {"steps": 51, "validation_interval": 40, "checkpoint_interval": 20}
    model, _ = fit(tmp_path / "run", **values)
    run = Run.open(tmp_path / "run")
    for lost in (*run.checkpoints_path.glob("epoch-00003*"), run.best_path):
        lost.unlink()
    resumed, history = refit(tmp_path / "run")
    assert history[-1]["step"] == 51
    for own, other in zip(weights_of(resumed), weights_of(model), strict=True):
        np.testing.assert_array_equal(own, other)


def test_validation_has_all_the_sequences_that_are_asked_for(tmp_path, monkeypatch):
    asked = []
    batch = Copy.batch

    def note(self, split, seed, index, batch_size):
        if split == "validation":
            asked.append(index)
        return batch(self, split, seed, index, batch_size)

    monkeypatch.setattr(Copy, "batch", note)
    fit(tmp_path / "run", steps=20, validation_sequences=33, batch_size=16)
    assert set(asked) == {0, 1, 2}
