"""What `s4ntm compare` does with trainings: which are run, what is kept, what the table holds."""

import json
import sys

import pytest

from keras_s4ntm.errors import RunError
from keras_s4ntm.evaluation.comparison import Comparison, figure, figure_name, summarise

# Stands in for `s4ntm train`: seed 1 fails, seed 2 was begun before, seed 3 is a mistake.
TRAIN = """
import json, pathlib, sys
arguments = sys.argv[1:]
print("a line of the framework's")
if "--resume" in arguments:
    model, seed = pathlib.Path(arguments[arguments.index("--resume") + 1]).name.split("-")
else:
    model, seed = (arguments[arguments.index(name) + 1] for name in ("--model", "--seed"))
if seed == "1":
    sys.exit("Error: Training diverged.")
if seed == "3":
    print("Error: no such thing", file=sys.stderr)
    sys.exit(2)
print(json.dumps({"model": model, "seed": int(seed), "arguments": arguments}))
"""
COMMAND = [sys.executable, "-c", TRAIN]


def result(bits, solved, parameters=10, seconds=5.0, sequences=320):
    return {
        "model": "ntm",
        "seed": 0,
        "parameters": parameters,
        "seconds": seconds,
        "sequences": sequences,
        "solved": solved,
        "results": [{"length": 20, "bits_per_sequence": b} for b in bits],
    }


@pytest.mark.once
def test_a_training_gets_what_was_asked_for_and_its_result_is_kept(tmp_path):
    path = tmp_path / "comparison"
    comparison = Comparison(path, ["copy", "--steps", "3"])
    assert not comparison.done("ntm", 0)
    comparison.train("ntm", 0, COMMAND)
    own = ["--model", "ntm", "--seed", "0", "--run-dir", str(path / "ntm-0"), "--json"]
    assert comparison.results[0]["arguments"] == ["copy", "--steps", "3", *own]
    again = Comparison(path, ["copy", "--steps", "3"])
    assert again.results == comparison.results
    assert again.done("ntm", 0)
    assert not again.done("ntm", 2)


@pytest.mark.once
def test_a_training_that_was_begun_goes_on(tmp_path):
    comparison = Comparison(tmp_path, ["copy"])
    run = tmp_path / "ntm-2"
    run.mkdir()
    (run / "config.json").touch()
    comparison.train("ntm", 2, COMMAND)
    assert comparison.results[0]["arguments"] == ["--resume", str(run), "--json"]


@pytest.mark.once
def test_a_training_that_fails_is_noted_and_a_mistake_is_not(tmp_path):
    comparison = Comparison(tmp_path, ["copy"])
    comparison.train("ntm", 1, COMMAND)
    expected = {"model": "ntm", "seed": 1, "error": "Error: Training diverged."}
    assert comparison.results == [expected]
    with pytest.raises(RunError, match="ntm, seed 3: Error: no such thing"):
        comparison.train("ntm", 3, COMMAND)
    assert json.loads(comparison.file.read_text())["results"] == [expected]


@pytest.mark.once
def test_a_directory_of_something_else_is_refused_and_left_alone(tmp_path):
    Comparison(tmp_path / "a", ["copy"]).train("ntm", 0, COMMAND)
    with pytest.raises(RunError, match="another comparison, of copy"):
        Comparison(tmp_path / "a", ["copy", "--steps", "3"])
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").touch()
    with pytest.raises(RunError, match="is no comparison"):
        Comparison(tmp_path / "b", ["copy"])
    (tmp_path / "a" / "results.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        Comparison(tmp_path / "a", ["copy"])
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["thesis.txt"]


@pytest.mark.once
def test_a_row_has_medians_and_ranges_and_counts_what_failed():
    results = [
        result([0, 4], True, sequences=100, seconds=5),
        result([2, 1], False, sequences=900, seconds=9),
        result([1, 3], True, sequences=300, seconds=7),
        {"model": "ntm", "seed": 3, "error": "Training diverged."},
    ]
    assert summarise("ntm", results) == {
        "model": "ntm",
        "parameters": 10,
        "trainings": 4,
        "failed": 1,
        "solved": 2,
        "seconds": 7,
        "sequences_to_solve": 200,
        "figures": [{"median": 1, "low": 0, "high": 2}, {"median": 3, "low": 1, "high": 4}],
    }


@pytest.mark.once
def test_a_model_whose_trainings_all_failed_has_a_row_too():
    row = summarise("ntm", [{"model": "ntm", "seed": 0, "error": "Training diverged."}])
    assert (row["trainings"], row["failed"], row["figures"]) == (1, 1, [])
    assert row["parameters"] is row["seconds"] is row["sequences_to_solve"] is None


@pytest.mark.once
@pytest.mark.parametrize(
    ("scores", "name", "value"),
    [
        ({"bits_per_sequence": 3.0, "sequence_accuracy": 0.5}, "wrong bits", 3.0),
        ({"bits_per_sequence": 3.0, "cost": 12.0, "optimal_cost": 10.5}, "above the optimum", 1.5),
        ({"token_accuracy": 0.9, "sequence_accuracy": 0.5}, "right tokens", 0.9),
        ({"accuracy": 0.8}, "right answers", 0.8),
    ],
)
def test_the_figure_of_a_table_is_the_one_that_tells_most(scores, name, value):
    assert figure(scores)[1] == value
    assert name in figure_name([{"error": "no"}, {"results": [scores]}])
