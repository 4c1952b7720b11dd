"""A run directory: whole files or none, and what happens when one is damaged."""

import json

import keras
import numpy as np
import pytest
from helpers import numpy

from keras_s4ntm.errors import RunError
from keras_s4ntm.runs import CONFIG_KEYS, Run

CONFIG = dict.fromkeys(CONFIG_KEYS - {"format"})


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", CONFIG)


def test_checkpoint_brings_back_weights_and_optimizer(run, rng):
    model = small_model()
    model.fit(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), verbose=0)
    run.save_checkpoint(model, 7)
    other = small_model()
    assert run.load_checkpoint(other) == 7
    assert int(other.optimizer.iterations) == int(model.optimizer.iterations) == 1
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(numpy(a.value), numpy(b.value))


def test_only_the_last_checkpoints_are_kept(run):
    for epoch in range(5):
        run.save_checkpoint(small_model(), epoch)
    assert run.checkpoints() == [3, 4]
    assert len(list(run.checkpoints_path.iterdir())) == 4


def damage(path, how):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if how == "truncated" else content[::-1])


@pytest.mark.parametrize("how", ["truncated", "corrupted"])
def test_damaged_checkpoint_is_refused_by_name_and_the_one_before_is_offered(run, how):
    model = small_model()
    run.save_checkpoint(model, 1)
    run.save_checkpoint(model, 2)
    damage(run.checkpoint_path(2), how)
    with pytest.raises(RunError) as error:
        run.load_checkpoint(model)
    message = str(error.value)
    assert message.startswith(f"{run.checkpoint_path(2)} is damaged")
    assert str(run.checkpoint_path(1)) in message
    (run.checkpoints_path / "epoch-00002.json").unlink()  # what the message says to do
    assert run.load_checkpoint(model) == 1


@pytest.mark.parametrize("content", ["{", "[1, 2]", '{"a": 1}', "null", '[{"epoch": "x"}]'])
def test_damaged_history_is_refused_by_name_and_the_checkpoint_offered(run, content):
    run.save_checkpoint(small_model(), 3)
    run.history_path.write_text(content)
    with pytest.raises(RunError) as error:
        run.read_history()
    assert str(run.history_path) in str(error.value)
    assert str(run.checkpoint_path(3)) in str(error.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}'])
def test_damaged_config_is_refused_by_name(run, content):
    path = run.path / "config.json"
    path.write_text(content)
    with pytest.raises(RunError) as error:
        Run.open(run.path)
    assert str(path) in str(error.value)


def test_config_of_another_format_is_refused(run):
    path = run.path / "config.json"
    path.write_text(json.dumps({**run.config, "format": 99}))
    with pytest.raises(RunError, match="format 99"):
        Run.open(run.path)


def test_directory_that_is_no_run_and_run_that_exists_are_refused(run, tmp_path):
    with pytest.raises(RunError, match="not a run directory"):
        Run.open(tmp_path)
    with pytest.raises(RunError, match="exists already"):
        Run.create(run.path, CONFIG)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="exists already"):
        Run.create(tmp_path / "file", CONFIG)


def test_an_interrupted_write_leaves_the_old_checkpoint_in_force(run, monkeypatch):
    model = small_model()
    run.save_checkpoint(model, 1)

    def fail(path, **_):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "save_weights", fail)
    with pytest.raises(KeyboardInterrupt):
        run.save_checkpoint(model, 2)
    assert run.checkpoints() == [1]
    assert run.load_checkpoint(model) == 1


def test_another_models_weights_are_refused(run):
    run.save_checkpoint(small_model(), 1)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
    with pytest.raises(RunError, match="damaged"):
        run.load_checkpoint(other)
