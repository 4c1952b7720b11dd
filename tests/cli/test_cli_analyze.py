"""`s4ntm analyze`: the measures it prints, and what it refuses."""

import json

import keras
import numpy as np
import pytest
from helpers import untrained

from keras_s4ntm.analysis import capacity, learned_algorithm, measure, memory_share, robustness
from keras_s4ntm.analysis.samples import trace_test
from keras_s4ntm.cli.analyze import capacity_of
from keras_s4ntm.cli.main import main


def run_cli(*arguments):
    """Exit code of `s4ntm analyze ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["analyze", *map(str, arguments)])
    return exit.value.code


@pytest.mark.once
def test_json_has_every_measure_of_the_trace_and_of_the_trials(tmp_path, capfd):
    run = untrained(tmp_path / "run", max_length=2, bits=2)
    assert run_cli(run.path, "--sequences", 3, "--length", 2, "--limit", 4, "--json") == 0
    printed = json.loads(capfd.readouterr().out)
    task, model = run.experiment.task, run.load_model()
    traced = trace_test(model, task.settings([2])[0], sequences=3)
    assert printed.pop("algorithm") == learned_algorithm(traced)
    expected = {
        "task": "copy",
        "model": "ntm",
        "backend": keras.backend.backend(),
        "length": 2,
        **measure(traced),
        "without_memory": memory_share(model, traced),
        "robustness": robustness(model, traced),
        "capacity": {"length": capacity(model, task, limit=4, sequences=3), "limit": 4},
    }
    assert set(printed) == set(expected)
    for name, value in expected.items():
        if not isinstance(value, dict):
            assert printed[name] == pytest.approx(value)
    for name in ("persistence", "without_memory", "capacity"):
        assert printed[name] == pytest.approx(expected[name], abs=1e-4)
    sharpness = [head["sharpness"] for head in printed["heads"].values()]
    np.testing.assert_allclose(
        sharpness, [head["sharpness"] for head in expected["heads"].values()], atol=1e-4
    )


@pytest.mark.once
def test_the_table_says_it_in_words(tmp_path, capfd):
    run = untrained(tmp_path / "run", "associative-recall", "dnc", max_items=2)
    assert run_cli(run.path, "--sequences", 2, "--limit", 2) == 0
    printed = capfd.readouterr().out
    assert printed.startswith("associative-recall, dnc on torch, items 2\n  write head 0: ")
    words = ("sharpness, bits", "errors per sequence", "slots written to", "inputs flipped")
    for text in (*words, "left after so many steps", "noise in the memory", "longest without"):
        assert text in printed


@pytest.mark.once
def test_a_task_that_can_only_be_guessed_has_no_capacity(tmp_path, capfd):
    run = untrained(tmp_path / "run", "dynamic-ngrams", length=8, n=2)
    assert run_cli(run.path, "--sequences", 2, "--json") == 0
    assert json.loads(capfd.readouterr().out)["capacity"] is None


@pytest.mark.once
def test_a_run_without_a_memory_and_what_is_no_run_say_so(tmp_path, capfd):
    run = untrained(tmp_path / "run", model="lstm")
    assert run_cli(run.path) == 2
    assert "'lstm' has no memory to look into" in capfd.readouterr().err
    assert run_cli(tmp_path / "nothing") == 1
    assert "is not a run directory" in capfd.readouterr().err
    assert run_cli(run.path, "--sequences", 0) == 2
    assert "--sequences" in capfd.readouterr().err


@pytest.mark.once
def test_what_goes_wrong_while_the_capacity_is_looked_for_is_not_hidden(tmp_path, monkeypatch):
    run = untrained(tmp_path / "run", max_length=2, bits=2)

    def fails(*_, **__):
        raise ValueError("of Keras")

    monkeypatch.setattr("keras_s4ntm.analysis.trials.capacity", fails)
    with pytest.raises(ValueError, match="of Keras"):
        capacity_of(run, run.experiment.build_model(), limit=4, sequences=2, seed=0)
