"""A run directory: whole files or none, and what happens when one is damaged or not ours."""

import json
from importlib.metadata import PackageNotFoundError

import keras
import numpy as np
import pytest
from helpers import numpy, run_on, small

import keras_s4ntm
from keras_s4ntm.backend import names
from keras_s4ntm.errors import RunError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.runs import CONFIG_KEYS, Run, load_run
from keras_s4ntm.training.fit import train

BACKEND = keras.backend.backend()
EXPERIMENT = Experiment.choose("copy", "ntm")


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", EXPERIMENT, BACKEND)


@pytest.mark.once
def test_a_start_that_was_killed_before_its_configuration_was_written_can_be_repeated(tmp_path):
    (tmp_path / ".config.json.tmp").write_text("{")
    Run.create(tmp_path, EXPERIMENT, BACKEND)
    assert Run.open(tmp_path).config["task"]["name"] == "copy"


# Checkpoints and history.


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


# What a run directory says of itself.


@pytest.mark.once
def test_a_run_says_what_was_trained_how_and_with_which_versions(tmp_path):
    experiment = Experiment.choose("copy", "ntm", {"memory_size": 9}, seed=3)
    run = Run.create(tmp_path / "run", experiment, BACKEND)
    config = json.loads((run.path / "config.json").read_text())
    assert set(config) == CONFIG_KEYS
    assert config["format"] == 2
    assert {name: config[name] for name in experiment.config()} == experiment.config()
    assert config["preset"] == "ntm/copy"
    assert config["backend"] == BACKEND
    assert set(config["versions"]) == {"keras-s4ntm", "keras", BACKEND}
    assert config["versions"]["keras"] == keras.__version__
    opened = Run.open(run.path)
    assert opened.experiment == experiment
    assert opened.backend == BACKEND


@pytest.mark.once
def test_the_version_of_a_backend_is_found_where_its_package_has_another_name(
    tmp_path, monkeypatch
):
    def version(name):
        if name == "tensorflow":
            raise PackageNotFoundError(name)
        return {"tensorflow-cpu": "2.99"}.get(name, "1.0")

    monkeypatch.setattr(names, "version", version)
    monkeypatch.setattr(names, "packages_distributions", lambda: {"tensorflow": ["tensorflow-cpu"]})
    run = Run.create(tmp_path / "run", EXPERIMENT, "tensorflow")
    config = json.loads((run.path / "config.json").read_text())
    assert config["versions"]["tensorflow"] == "2.99"
    monkeypatch.setattr(names, "packages_distributions", dict)
    run = Run.create(tmp_path / "other", EXPERIMENT, "tensorflow")
    assert run.config["versions"]["tensorflow"] == "unknown"


@pytest.mark.once
@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}', '{"format": "2"}', "2"])
def test_damaged_config_is_refused_by_name(run, content):
    path = run.path / "config.json"
    path.write_text(content)
    with pytest.raises(RunError) as error:
        Run.open(run.path)
    assert str(path) in str(error.value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "cuda"),
        ("backend", None),
        ("seed", -1),
        ("preset", 3),
        ("task", {"name": "coppy", "parameters": {}}),
        ("model", {"name": "ntm", "parameters": {"memory_sise": 3}}),
        ("model", None),
        ("training", {"steps": 0}),
    ],
)
def test_a_config_with_a_value_that_cannot_be_is_refused_by_name(run, name, value):
    path = run.path / "config.json"
    path.write_text(json.dumps({**run.config, name: value}))
    with pytest.raises(RunError) as error:
        Run.open(run.path)
    assert str(error.value).startswith(f"{path} is damaged: ")


OF_VERSION_0_1 = {
    "format": 1,
    "task": {
        "name": "copy",
        "parameters": {"bits": 8, "min_length": 1, "max_length": 20, "silence": 0.3},
    },
    "model": {"name": "ntm", "parameters": {"controller": None, "initial_heads": "search"}},
    "training": {"steps": 1500, "batch_size": 32},
    "seed": 0,
    "backend": "jax",
    "versions": {"keras-s4ntm": "0.1.0", "keras": "3.15.0", "jax": "0.6.0"},
}


@pytest.mark.once
def test_a_run_of_an_older_version_is_refused_as_one(run):
    path = run.path / "config.json"
    path.write_text(json.dumps(OF_VERSION_0_1))
    for refuse in (Run.open, load_run):
        with pytest.raises(RunError, match="made by an older version") as error:
            refuse(run.path)
        assert f"{path} has format 1, and this version reads 2" in str(error.value)
        assert "Train it again, or install that version" in str(error.value)


@pytest.mark.once
def test_a_run_of_a_newer_version_is_refused_as_one_whatever_else_it_holds(run):
    path = run.path / "config.json"
    path.write_text(json.dumps({**run.config, "format": 99, "more": "of it"}))
    with pytest.raises(RunError, match=r"made by a newer version .* format 99"):
        Run.open(run.path)


@pytest.mark.once
def test_directory_that_is_no_run_and_run_that_exists_are_refused(run, tmp_path):
    with pytest.raises(RunError, match="not a run directory"):
        Run.open(tmp_path)
    with pytest.raises(RunError, match="exists already"):
        Run.create(run.path, EXPERIMENT, BACKEND)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="exists already"):
        Run.create(tmp_path / "file", EXPERIMENT, BACKEND)


# The trained model.

TINY = {
    **small("ntm"), "bits": 2, "max_length": 3, "steps": 4, "batch_size": 2, "warmup_steps": 0,
    "report_interval": 2, "validation_interval": 4, "checkpoint_interval": 4,
    "validation_sequences": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """`(run, model, inputs, outputs)` after a training of a few steps."""
    path = tmp_path_factory.mktemp("runs") / "run"
    experiment = Experiment.choose("copy", "ntm", TINY)
    run = Run.create(path, experiment, BACKEND)
    model = experiment.build_model()
    before = numpy(model.get_layer("outputs").kernel)
    train(run, model)
    assert (numpy(model.get_layer("outputs").kernel) != before).any()
    inputs = experiment.task.batch("test", 0, 0, 4).inputs
    return run, model, inputs, numpy(model(inputs))


def test_load_run_gives_task_and_model_with_the_outputs_that_it_had_after_training(trained):
    run, model, inputs, outputs = trained
    assert keras_s4ntm.load_run is load_run
    task, loaded = load_run(run.path)
    assert task == run.experiment.task
    for weight, own in zip(loaded.weights, model.weights, strict=True):
        if weight.name != "seed_generator_state":
            np.testing.assert_array_equal(numpy(weight.value), numpy(own.value))
    np.testing.assert_array_equal(numpy(loaded(inputs)), outputs)


def test_without_a_trained_model_the_last_checkpoint_is_loaded(trained, tmp_path):
    run, _, inputs, _ = trained
    copy = Run.create(tmp_path / "copy", run.experiment, BACKEND)
    with pytest.raises(RunError, match="holds no checkpoint"):
        copy.load_model()
    model = run.experiment.build_model()
    model.get_layer("outputs").bias.assign([3.0, 4.0])
    copy.save_checkpoint(model, 1)
    np.testing.assert_array_equal(numpy(copy.load_model()(inputs)), numpy(model(inputs)))


def test_a_trained_model_that_is_damaged_is_refused_and_the_last_checkpoint_offered(
    trained, tmp_path
):
    run, model, _, _ = trained
    copy = Run.create(tmp_path / "copy", run.experiment, BACKEND)
    copy.save_checkpoint(model, 1)
    copy.model_path.write_bytes(run.model_path.read_bytes()[::-1])
    with pytest.raises(RunError) as error:
        load_run(copy.path)
    assert str(copy.model_path) in str(error.value)
    assert str(copy.checkpoint_path(1)) in str(error.value)


@pytest.mark.once
@pytest.mark.skipif(BACKEND == "torch", reason="it is where the run is read")
def test_a_run_is_read_on_another_backend(trained, tmp_path):
    run, _, inputs, outputs = trained
    np.save(tmp_path / "inputs.npy", inputs)
    run_on(
        "torch",
        "import keras, numpy as np\n"
        "from keras_s4ntm import load_run\n"
        f"_, model = load_run({str(run.path)!r})\n"
        "outputs = model(np.load('inputs.npy'))\n"
        "np.save('outputs.npy', keras.ops.convert_to_numpy(outputs))\n",
        tmp_path,
    )
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), outputs, atol=1e-5)
