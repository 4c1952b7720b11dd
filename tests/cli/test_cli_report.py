"""`s4ntm report`: the file it writes, and what it refuses."""

import json
import re

import keras
import numpy as np
import pytest
from helpers import untrained

from keras_s4ntm.analysis.report.packing import unpack
from keras_s4ntm.cli.main import main

BACKEND = keras.backend.backend()
SMALL = {
    "copy": {"max_length": 3, "bits": 2},
    "multi-query-recall": {"pairs": 2, "length": 8, "vocabulary": 8},
}


def run_cli(*arguments):
    """Exit code of `s4ntm report ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["report", *map(str, arguments)])
    return exit.value.code


def small_run(path, task="copy", model="ntm"):
    return untrained(path, task, model, **SMALL[task])


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "run")


def data_of(path):
    """The data of a report."""
    return json.loads(
        re.search(r'<script id="report"[^>]*>(.*?)</script>', path.read_text(), re.DOTALL)[1]
    )


def test_the_file_is_in_the_run_and_json_says_what_is_in_it(run, capfd):
    assert run_cli(run.path, "--length", 4, "--sequences", 2, "--json") == 0
    printed = json.loads(capfd.readouterr().out)
    path = run.path / "report.html"
    assert printed["output"] == str(path)
    assert printed["bytes"] == path.stat().st_size
    assert (printed["explorer"], printed["traces"]) == (True, 1)
    report = data_of(path)
    assert report["results"] == printed["results"]
    assert {result["sequences"] for result in report["results"]} == {2}
    assert report["title"] == "copy, ntm"
    assert report["settings"]["model"]["memory_size"] == 8
    batch = run.experiment.task.at_length(4).batch("test", 0, 0, 1)
    (shown,) = report["traces"]
    np.testing.assert_array_equal(unpack(shown["arrays"]["inputs"]), batch.inputs[0])
    outputs = run.load_model().predict(batch.inputs, verbose=0)[0]
    probabilities = 1 / (1 + np.exp(-outputs))
    np.testing.assert_allclose(unpack(shown["arrays"]["outputs"]), probabilities, atol=1e-4)


@pytest.mark.dealt
@pytest.mark.parametrize(
    ("task", "model"),
    [("copy", "s4d-ntm"), ("multi-query-recall", "dnc"), ("copy", "ntm-cached")],
)
def test_it_is_written_for_every_memory_and_kind_of_task_and_over_the_last_one(
    tmp_path, capfd, task, model
):
    run = small_run(tmp_path / "run", task, model)
    path = run.path / "report.html"
    path.write_text("old")
    assert run_cli(run.path, "--sequences", 1) == 0
    assert capfd.readouterr().out == f"{path}: 0.1 MB\n"
    (shown,) = data_of(path)["traces"]
    assert shown["reason"] is None
    assert ("usage" in shown["arrays"]) == (model == "dnc")


@pytest.mark.once
def test_a_run_without_a_memory_has_a_report_without_an_explorer(tmp_path, capfd):
    run = small_run(tmp_path / "run", model="lstm")
    assert run_cli(run.path, "--sequences", 1) == 0
    assert "lstm has no memory: there is no explorer in it." in capfd.readouterr().out
    report = data_of(run.path / "report.html")
    assert report["traces"] == []
    assert report["results"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--output", "report.txt"], 2, "--output must end in .html"),
        (["--length", "0"], 2, "--length"),
        (["--layer", "lstm"], 2, "has no memory layer 'lstm', but 'ntm'"),
    ],
)
def test_what_is_not_accepted_is_a_usage_error(run, capfd, arguments, code, sentence):
    assert run_cli(run.path, *arguments) == code
    said = capfd.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (run.path / "report.html").exists()


@pytest.mark.once
def test_output_goes_where_it_is_wanted_and_over_nothing(run, tmp_path, capfd):
    output = tmp_path / "there" / "mine.html"
    assert run_cli(run.path, "--sequences", 1, "--output", output, "--quiet") == 0
    assert capfd.readouterr().out == ""
    assert data_of(output)["traces"]
    assert run_cli(run.path, "--output", output) == 2
    assert "exists already" in capfd.readouterr().err


@pytest.mark.once
def test_a_damaged_trace_of_a_checkpoint_is_a_failure_that_names_it(run, capfd):
    (run.path / "trace").mkdir()
    (run.path / "trace" / "epoch-00001.npz").write_text("nothing")
    assert run_cli(run.path, "--sequences", 1) == 1
    said = capfd.readouterr().err
    assert "epoch-00001.npz is no trace, or it is damaged" in said
    assert "Traceback" not in said


@pytest.mark.once
def test_what_is_no_run_is_a_failure(tmp_path, capfd):
    assert run_cli(tmp_path) == 1
    assert "is not a run directory" in capfd.readouterr().err
