"""`s4ntm bench`: what it prints, and what it refuses."""

import dataclasses
import json

import keras
import pytest

from keras_s4ntm.cli.bench import print_table, rows_of
from keras_s4ntm.cli.main import main

BACKEND = keras.backend.backend()
FIGURES = {
    "compile_seconds", "compile_again_seconds", "step_ms", "time_step_ms", "sequences_per_second",
    "inference_steps_per_second", "input_ms", "peak_memory", "training_memory", "speed",
}  # fmt: skip
ROW = {"model", "backend", "batch_size", "length", "hyperparameters"}


def bench(*arguments):
    """Exit code of `s4ntm bench ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["bench", *arguments])
    return exit.value.code


@pytest.mark.once
def test_json_holds_the_documented_figures_of_every_row(capfd):
    arguments = ["--batch-sizes", "2", "--lengths", "6", "--memory-sizes", "8", "-p", "units=8"]
    arguments += ["--models", "ntm,s4d", "--backends", BACKEND, "--threads", "1", "--repeats", "1"]
    assert bench(*arguments, "--json") == 0
    result = json.loads(capfd.readouterr().out)
    assert set(result) == {"task", "threads", "repeats", "rows"}
    rows = result["rows"]
    assert [r["model"] for r in rows] == ["plain-ntm", "plain-s4d", "ntm", "s4d"]
    sizes = [r["hyperparameters"] for r in rows]
    assert sizes == [{"memory_size": 8}, {"units": 8}, {"memory_size": 8, "units": 8}, {"units": 8}]
    for row in rows:
        assert set(row) == ROW | FIGURES
        assert row["time_step_ms"] == pytest.approx(row["step_ms"]["median"] / 6)
        assert row["sequences_per_second"] == pytest.approx(2e3 / row["step_ms"]["median"])
        assert row["peak_memory"] > row["training_memory"] > 0
        assert row["compile_seconds"] > 0
        assert row["compile_again_seconds"] is None
    for row, reference in zip(rows, 2 * rows[:2], strict=True):
        expected = reference["step_ms"]["median"] / row["step_ms"]["median"]
        assert row["speed"] == pytest.approx(expected)


@pytest.mark.once
def test_a_model_without_a_reference_network_has_none(monkeypatch):
    monkeypatch.setattr("keras_s4ntm.backend.names.installed", lambda name: True)
    rows = rows_of(["lstm", "s4d-ntm"], ["jax"], [2], [6], [8], {})
    assert [(r.model, r.backend) for r in rows] == [
        ("plain-ntm", "torch"),
        ("lstm", "jax"),
        ("s4d-ntm", "jax"),
    ]
    assert [r.hyperparameters for r in rows] == [{"memory_size": 8}, {}, {"memory_size": 8}]


def failed(rows, *_):
    return [{**dataclasses.asdict(row), "error": "too little memory"} for row in rows]


@pytest.mark.once
def test_a_row_that_fails_is_named_with_the_reason(monkeypatch, capfd):
    monkeypatch.setattr("keras_s4ntm.cli.bench.run", failed)
    monkeypatch.setattr("keras_s4ntm.backend.names.installed", lambda name: True)
    arguments = ["--models", "s4d", "--backends", BACKEND, "--batch-sizes", "3", "--lengths", "4,6"]
    assert bench(*arguments) == 1
    printed = capfd.readouterr()
    assert printed.out.count("failed") == 4
    assert "4 of 4 rows could not be measured: too little memory" in printed.err


@pytest.mark.once
def test_without_torch_reference_networks_are_left_out_with_a_sentence(monkeypatch, capfd):
    monkeypatch.setattr("keras_s4ntm.cli.bench.run", failed)
    monkeypatch.setattr("keras_s4ntm.backend.names.installed", lambda name: name == "jax")
    assert bench("--models", "ntm", "--backends", "jax", "--memory-sizes", "8,16") == 1
    printed = capfd.readouterr()
    assert "Reference networks are left out: pip install 'keras-s4ntm[torch]'." in printed.err
    assert "4 of 4 rows" in printed.err  # two batch sizes, two memory sizes
    assert "plain-ntm" not in printed.out


@pytest.mark.once
def test_backends_that_are_not_installed_are_left_out_but_refused_by_name(monkeypatch, capfd):
    seen = []
    monkeypatch.setattr("keras_s4ntm.cli.bench.run", lambda rows, *_: seen.extend(rows) or [])
    monkeypatch.setattr("keras_s4ntm.backend.names.installed", lambda name: name == "torch")
    assert bench("--lengths", "4", "--models", "ntm", "--quiet") == 0
    assert {row.backend for row in seen} == {"torch"}
    assert bench("--backends", "torch,jax") == 1
    assert "pip install 'keras-s4ntm[jax]'" in capfd.readouterr().err


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--models", "ntm,s4dntm"], "Unknown model 's4dntm'. Did you mean 's4d-ntm'?"),
        (["--backends", "jaxx"], "Unknown backend 'jaxx'. Did you mean 'jax'?"),
        (["--lengths", "43"], "--lengths must be even, from 4 on, got 43"),
        (["--batch-sizes", "0"], "not a list of positive integers"),
        (["--threads", "100000"], "--threads 100000"),
        (["--repeats", "0"], "--repeats"),
        (["-p", "blocks=4"], "Unknown parameter of ntm 'blocks'"),
        (["-p", "units=many"], "units must be an integer"),
        (["-p", "memory_size=16"], "Give --memory-sizes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_sentence(capfd, arguments, sentence):
    assert bench(*arguments) == 2
    printed = capfd.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


@pytest.mark.once
def test_the_table_names_rows_and_figures(capfd):
    row = {
        "model": "ntm", "backend": "jax", "hyperparameters": {"memory_size": 128},
        "compile_seconds": 8.123, "compile_again_seconds": None,
        "step_ms": {"median": 1234.5, "low": 1200.0, "high": 1300.0}, "time_step_ms": 29.39,
        "sequences_per_second": 25.92, "inference_steps_per_second": 4321.0, "input_ms": 0.5,
        "peak_memory": 1195.3, "speed": None,
    }  # fmt: skip
    print_table([row, {**row, "model": "s4d", "hyperparameters": {}, "error": "why"}], 32, 42)
    printed = capfd.readouterr().out
    assert "batch 32, 42 time steps" in printed
    line = next(line for line in printed.splitlines() if " ntm " in line)
    assert " ".join(line.split()) == "ntm jax 128 8.12 1,234 4% 29.4 25.9 4,321 1,195"
    assert "s4d" in printed
    assert "failed" in printed
    assert "0.5 ms, 2,000 batches/s, 0.0% of the fastest step" in printed
