"""`s4ntm trace`: the file it writes, and what it refuses."""

import json

import keras
import numpy as np
import pytest
from helpers import untrained

from keras_s4ntm.analysis import Trace
from keras_s4ntm.cli.main import main

BACKEND = keras.backend.backend()


def run_cli(*arguments):
    """Exit code of `s4ntm trace ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["trace", *map(str, arguments)])
    return exit.value.code


@pytest.fixture
def run(tmp_path):
    return untrained(tmp_path / "run", max_length=3, bits=2)


def test_the_file_is_in_the_run_and_json_says_what_is_in_it(run, capfd):
    assert run_cli(run.path, "--sequences", 2, "--length", 4, "--json") == 0
    printed = json.loads(capfd.readouterr().out)
    path = run.path / "trace" / "length-4.npz"
    assert printed["output"] == str(path)
    assert [p.name for p in path.parent.iterdir()] == ["length-4.npz"]
    trace = Trace.load(path)
    assert printed["arrays"] == {k: list(array.shape) for k, array in trace.arrays.items()}
    said = {"task": "copy", "target_kind": "bits", "length": 4, "seed": 0, "layer": "ntm"}
    assert said.items() <= printed.items()
    assert said.items() <= trace.about.items()
    task = run.experiment.task.at_length(4)
    batch = task.batch("test", 0, 0, 2)
    np.testing.assert_array_equal(trace.inputs, batch.inputs)
    np.testing.assert_array_equal(trace.targets, batch.targets)
    np.testing.assert_array_equal(trace.target_mask, batch.mask > 0)
    outputs = run.load_model().predict(batch.inputs, verbose=0)
    np.testing.assert_allclose(trace.outputs, outputs, atol=1e-5)


@pytest.mark.once
def test_without_options_it_traces_the_lengths_of_training_and_prints_the_arrays(run, capfd):
    assert run_cli(run.path) == 0
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == f"{run.path / 'trace' / 'length-3.npz'}: 8 sequences of copy"
    assert any(line.split() == ["read_weights", "(8,", "8,", "1,", "8)"] for line in printed)


@pytest.mark.once
def test_a_setting_of_several_numbers_names_them_all(tmp_path):
    run = untrained(tmp_path / "run", "repeat-copy", max_length=2, max_repeats=2)
    assert run_cli(run.path, "--quiet", "--sequences", 1) == 0
    (file,) = (run.path / "trace").iterdir()
    about = Trace.load(file).about
    assert file.name == f"length-{about['length']}-repeats-{about['repeats']}.npz"


@pytest.mark.once
def test_output_goes_where_it_is_wanted_and_over_nothing(run, tmp_path, capfd):
    output = tmp_path / "there" / "mine.npz"
    assert run_cli(run.path, "--output", output, "--seed", 5, "--quiet") == 0
    assert Trace.load(output).about["seed"] == 5
    assert capfd.readouterr().out == ""
    assert run_cli(run.path, "--output", output) == 2
    assert "exists already" in capfd.readouterr().err


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--output", "trace.txt"], 2, "--output must end in .npz"),
        (["--length", "0"], 2, "--length"),
        (["--layer", "lstm"], 2, "has no memory layer 'lstm', but 'ntm'"),
    ],
)
def test_what_is_not_accepted_is_a_usage_error(run, capfd, arguments, code, sentence):
    assert run_cli(run.path, *arguments) == code
    said = capfd.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (run.path / "trace").exists()


@pytest.mark.once
def test_a_run_without_a_memory_says_so(tmp_path, capfd):
    run = untrained(tmp_path / "run", model="lstm", max_length=3)
    assert run_cli(run.path) == 2
    assert "'lstm' has no memory to look into" in capfd.readouterr().err


@pytest.mark.once
def test_what_is_no_run_is_a_failure(tmp_path, capfd):
    assert run_cli(tmp_path) == 1
    assert "is not a run directory" in capfd.readouterr().err


TINY = ["-p", "max_length=3", "-p", "bits=2", "--steps", "4", "--report-interval", "2"]
TINY += ["--validation-interval", "2", "-p", "validation_sequences=2", "-p", "units=6"]


def train(*arguments):
    with pytest.raises(SystemExit) as exit:
        main(["train", "copy", *map(str, arguments), "--backend", BACKEND, "--quiet"])
    return exit.value.code


@pytest.mark.once
def test_a_training_leaves_traces_on_its_way(tmp_path):
    path = tmp_path / "run"
    tiny = [*TINY, "--model", "ntm", "-p", "memory_size=8"]
    assert train(*tiny, "--run-dir", path, "--trace-interval", 2) == 0
    traces = sorted((path / "trace").iterdir())
    assert [p.name for p in traces] == ["epoch-00001.npz", "epoch-00002.npz"]
    assert Trace.load(traces[0]).targets.shape[0] == 1


@pytest.mark.once
def test_a_training_without_a_memory_is_not_traced_and_leaves_nothing(tmp_path, capfd):
    path = tmp_path / "run"
    assert train(*TINY, "--model", "lstm", "--run-dir", path, "--trace-interval", 2) == 2
    assert "has no memory to look into" in capfd.readouterr().err
    assert not path.exists()
