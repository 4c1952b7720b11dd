"""`s4ntm predict`, and the other commands on a user's own sequences."""

import json
import shutil

import keras
import numpy as np
import pytest
from helpers import own_sequences, untrained

from keras_s4ntm.cli.main import main
from keras_s4ntm.errors import S4NTMWarning
from keras_s4ntm.evaluation.predict import predict
from keras_s4ntm.runs import Run
from keras_s4ntm.tasks.arrays import read

BACKEND = keras.backend.backend()
TINY = ["--model", "lstm", "-p", "units=6", "--steps", "4", "--batch-size", "4"]
TINY += ["--report-interval", "2", "--validation-interval", "2", "--checkpoint-interval", "2"]


def run_cli(*arguments):
    """Exit code of `s4ntm ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main([str(a) for a in arguments])
    return exit.value.code


def write(path, arrays):
    np.savez(path, **arrays)
    return path


def named(seed=0):
    """Small data whose classes have names."""
    return {**own_sequences(seed=seed), "class_names": np.array(["low", "middle", "high"])}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of four steps on a file of three classes with names, and the file beside it."""
    folder = tmp_path_factory.mktemp("own")
    data = write(folder / "data.npz", named())
    arguments = [data, *TINY, "--run-dir", folder / "run", "--backend", BACKEND, "--quiet"]
    assert run_cli("train", *arguments) == 0
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run, and of its file, that a test may change."""
    shutil.copytree(trained.parent, tmp_path / "own")
    config = tmp_path / "own" / "run" / "config.json"
    config.write_text(config.read_text().replace(str(trained.parent), str(tmp_path / "own")))
    return tmp_path / "own" / "run"


@pytest.fixture
def new(tmp_path):
    """Sequences of which nobody knows the targets, longer ones than in training too."""
    rng = np.random.default_rng(5)
    lengths = np.array([3, 9, 5])
    inputs = rng.normal(size=(lengths.sum(), 2))
    ids = np.array(["a", "b", "c"])
    return write(tmp_path / "new.npz", {"inputs": inputs, "lengths": lengths, "ids": ids})


# Predictions


def test_the_file_holds_probabilities_and_classes_of_every_sequence(trained, new, tmp_path, capfd):
    output = tmp_path / "there" / "out.npz"
    assert run_cli("predict", trained, new, "--output", output, "--json") == 0
    printed = json.loads(capfd.readouterr().out)
    assert [path.name for path in output.parent.iterdir()] == ["out.npz"]
    with np.load(output) as file:
        found = dict(file)
    assert printed["arrays"] == {name: list(array.shape) for name, array in found.items()}
    assert (printed["target_kind"], printed["model"]) == ("classes", "lstm")
    assert found["ids"].tolist() == ["a", "b", "c"]
    assert found["class_names"].tolist() == ["low", "middle", "high"]
    assert found["lengths"].tolist() == [3, 9, 5]
    np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, rtol=1e-5)
    assert found["classes"].tolist() == found["probabilities"].argmax(axis=1).tolist()
    with np.load(new) as file:
        second = file["inputs"][3:12].astype("float32")
    logits = Run.open(trained).load_model().predict(second[None], verbose=0)[0]
    powers = np.exp(logits - logits.max())
    np.testing.assert_allclose(found["probabilities"][1], powers / powers.sum(), atol=1e-5)


class Answering:
    """Stands in for a network: its outputs are its inputs, what is not a number 0."""

    shapes = ()

    def predict(self, inputs, batch_size, verbose):
        self.shapes = (*self.shapes, inputs.shape)
        return np.nan_to_num(inputs)


@pytest.mark.once
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kind", ["tokens", "bits", "values"])
def test_answers_at_time_steps_end_where_sequences_end(new, kind, padded):
    class Own:
        input_size, target_kind = 2, kind
        standardization = ([0, 0], [1, 1], padded)
        class_names = None

    model = Answering()
    found = predict(model, Own, read(str(new)))
    times = [9] if padded else [3, 5, 9]  # or sequences of one length at a time
    assert [shape[1] for shape in model.shapes] == times
    with np.load(new) as file:
        inputs = file["inputs"].astype("float32")
    for i, (first, last) in enumerate([(0, 3), (3, 12), (12, 17)]):
        x = inputs[first:last]
        expected = {
            "tokens": np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
            "bits": 1 / (1 + np.exp(-x)),
            "values": x,
        }[kind]
        answers = found["values" if kind == "values" else "probabilities"][i]
        np.testing.assert_allclose(answers[: last - first], expected, rtol=1e-5)
        assert np.isnan(answers[last - first :]).all()
        if kind == "tokens":
            classes = found["classes"][i]
            assert classes.tolist() == [*x.argmax(axis=1), *[-1] * (9 - len(x))]


@pytest.mark.once
def test_predictions_of_a_task_without_a_file(tmp_path, capfd):
    run = untrained(tmp_path / "run", model="lstm", max_length=3, bits=2)
    data = write(tmp_path / "x.npz", {"inputs": np.zeros((2, 7, 4))})
    assert run_cli("predict", run.path, data, "--output", tmp_path / "out.npz") == 0
    assert "2 sequences of" in capfd.readouterr().out
    assert np.load(tmp_path / "out.npz")["probabilities"].shape == (2, 7, 2)


@pytest.mark.once
def test_what_is_not_accepted_is_said_and_nothing_is_written(trained, new, tmp_path, capfd):
    output = tmp_path / "out.npz"
    other = write(tmp_path / "other.npz", {"inputs": np.ones((2, 3, 5))})
    text = tmp_path / "new.csv"
    for data, target, code, sentence in (
        (new, tmp_path / "out.csv", 2, "--output must end in .npz"),
        (text, output, 2, "FILE must end in .npz or .ts"),
        (tmp_path / "nothing.npz", output, 1, "There is no file"),
        (other, output, 1, "has 5 channels, and the model was trained on 2"),
    ):
        assert run_cli("predict", trained, data, "--output", target) == code
        printed = capfd.readouterr().err
        assert sentence in printed
        assert "Traceback" not in printed
        assert not target.exists()
    assert run_cli("predict", trained, new, "--output", new) == 2
    assert "exists already" in capfd.readouterr().err


# The other commands


@pytest.mark.once
def test_a_run_knows_its_file_and_what_was_learned_of_it(trained):
    config = json.loads((trained / "config.json").read_text())
    assert config["task"]["parameters"]["data"] == str(trained.parent / "data.npz")
    noted = config["task"]["noted"]
    assert noted["class_names"] == ["low", "middle", "high"]
    layer = keras.saving.load_model(trained / "model.keras").get_layer("standardization")
    for name in ("mean", "variance", "padded"):
        assert getattr(layer, name) == noted[name]


def test_evaluate_names_the_classes(trained, capfd):
    assert run_cli("evaluate", trained, "--json") == 0
    (row,) = json.loads(capfd.readouterr().out)["results"]
    assert set(row) == {"accuracy", "sequences", "confusion", "class_names"}
    assert row["sequences"] == 9
    assert run_cli("evaluate", trained) == 0
    assert "middle" in capfd.readouterr().out


@pytest.mark.skipif(BACKEND != "torch", reason="nothing compiles there")
def test_a_resumed_training_ends_as_the_uninterrupted_one(run):
    expected = weights(run)
    for lost in (*(run / "checkpoints").glob("epoch-00002*"), run / "model.keras"):
        lost.unlink()
    (run / "checkpoints" / "best.weights.h5").unlink()
    assert run_cli("train", "--resume", run, "--quiet") == 0
    for own, other in zip(weights(run), expected, strict=True):
        np.testing.assert_array_equal(own, other)


def weights(run):
    return Run.open(run).load_model().get_weights()


@pytest.mark.once
def test_a_file_that_has_changed_is_said_and_not_trained_on(run, capfd):
    data = run.parent / "data.npz"
    write(data, named(seed=3))
    with pytest.warns(S4NTMWarning, match=r"data\.npz has changed since the run was made"):
        assert run_cli("evaluate", run) == 0
    for lost in (*(run / "checkpoints").glob("epoch-00002*"), run / "model.keras"):
        lost.unlink()
    assert run_cli("train", "--resume", run, "--quiet") == 1
    assert "it cannot be trained on" in capfd.readouterr().err
    data.unlink()
    assert run_cli("evaluate", run) == 1
    assert f"There is no file {data}" in capfd.readouterr().err


@pytest.mark.once
@pytest.mark.parametrize("given", [["FILE"], ["npz", "--data", "FILE"], ["--data", "FILE"]])
def test_a_file_may_stand_for_the_task(trained, capfd, given):
    given = [str(trained.parent / "data.npz") if one == "FILE" else one for one in given]
    task = ["--task", *given] if given[0] != "--data" else given
    assert run_cli("build", *task, "--model", "lstm", "-p", "units=4", "--json") == 0
    summary = json.loads(capfd.readouterr().out)
    assert (summary["task"], summary["inputs"]) == ("npz", [None, None, 2])


@pytest.mark.once
def test_which_data_is_meant_must_be_clear(trained, capfd):
    data = trained.parent / "data.npz"
    assert run_cli("train", data, "--data", data) == 2
    assert "Give one file" in capfd.readouterr().err
    assert run_cli("train", "copy", "--data", data) == 2
    assert "Unknown parameter 'data'" in capfd.readouterr().err
    assert run_cli("train", "npz") == 1
    assert "Which data? Name your file" in capfd.readouterr().err


@pytest.mark.once
def test_compare_trains_on_the_file(trained, tmp_path, capfd):
    data = trained.parent / "data.npz"
    steps = ["-p", "units=4", "-p", "validation_interval=2", "-p", "batch_size=4"]
    options = ["--models", "lstm", "--seeds", "0", "--steps", "2", "--backend", BACKEND]
    path = tmp_path / "comparison"
    assert run_cli("compare", data, *options, *steps, "--run-dir", path, "--json") == 0
    (row,) = json.loads(capfd.readouterr().out)["rows"]
    assert (row["failed"], row["trainings"]) == (0, 1)
    assert len(row["figures"]) == 1


@pytest.mark.skipif(BACKEND != "tensorflow", reason="export is done by TensorFlow")
def test_what_is_exported_standardizes_and_sees_padding(trained, tmp_path, capfd):
    import tensorflow as tf

    output = tmp_path / "served"
    assert run_cli("export", trained, "--output", output, "--json") == 0
    assert json.loads(capfd.readouterr().out)["max_difference"] < 1e-3
    task = Run.open(trained).experiment.task
    inputs = task.batch("test", 0, 0, 4).inputs
    expected = Run.open(trained).load_model().predict(inputs, verbose=0)
    loaded = tf.saved_model.load(str(output))  # kept: with it go its variables
    served = loaded.serve(inputs).numpy()
    assert np.isnan(inputs).any()
    np.testing.assert_allclose(served, expected, atol=1e-5)
