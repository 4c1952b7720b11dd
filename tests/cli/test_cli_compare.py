"""`s4ntm compare`: what it prints, and what it refuses."""

import importlib.util
import json

import keras
import pytest

from keras_s4ntm.cli.main import main
from keras_s4ntm.errors import S4NTMError

BACKEND = keras.backend.backend()
TINY = ["-p", "max_length=3", "-p", "bits=2", "-p", "units=8", "-p", "validation_sequences=8"]


def compare(*arguments):
    """Exit code of `s4ntm compare ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["compare", *map(str, arguments)])
    return exit.value.code


@pytest.mark.once
def test_models_are_trained_side_by_side_once_and_tabulated(tmp_path, capfd, monkeypatch):
    path = tmp_path / "comparison"
    arguments = ["copy", "--models", "lstm,ntm", "--seeds", "0", "--steps", "2", *TINY]
    arguments += ["--backend", BACKEND, "--run-dir", path]
    assert compare(*arguments, "--json") == 0
    result = json.loads(capfd.readouterr().out)
    assert set(result) == {"task", "backend", "seeds", "rows", "figures"}
    assert [row["model"] for row in result["rows"]] == ["lstm", "ntm"]
    assert [row["preset"] for row in result["rows"]] == ["lstm/copy", "ntm/copy"]
    for row in result["rows"]:
        assert (row["trainings"], row["failed"], row["solved"]) == (1, 0, 0)
        assert len(row["figures"]) == 5
    runs = {entry.name for entry in path.iterdir()}
    assert runs == {"results.json", "lstm-0", "ntm-0", "plots"}
    figures = {f"{name}.{kind}" for name in ("training", "comparison") for kind in ("png", "svg")}
    assert {entry.name for entry in (path / "plots").iterdir()} == figures
    assert set(result["figures"]) == {str(path / "plots" / name) for name in figures}
    before = (path / "results.json").read_text()
    assert compare(*arguments) == 0
    assert (path / "results.json").read_text() == before
    printed = capfd.readouterr()
    assert "wrong bits per sequence" in printed.out
    assert f"figures: {path / 'plots'}" in printed.out
    assert {"3", "6", "9", "15", "18"} <= set(printed.out.split())  # the lengths of the columns
    first, second, *_ = printed.err.splitlines()
    assert first.startswith("copy, lstm: preset lstm/copy sets 3 numbers")
    assert second.startswith("copy, ntm: preset ntm/copy sets")
    for other in ["-p", "zero_vectors=0.2"], ["--preset", "none"]:
        assert compare(*arguments, *other) == 1
        assert "holds another comparison" in capfd.readouterr().err
    with monkeypatch.context() as broken:

        def fails(*_, **__):
            raise S4NTMError("the disk is full")

        broken.setattr("keras_s4ntm.cli.plot.draw", fails)
        assert compare(*arguments, "--json") == 1
        printed = capfd.readouterr()
        assert json.loads(printed.out) == {**result, "figures": []}
        assert "the disk is full" in printed.err
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    assert compare(*arguments, "--json") == 0
    assert json.loads(capfd.readouterr().out) == {**result, "figures": []}


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["coppy"], "Did you mean 'copy'?"),
        (["copy", "--models", "lstm,ntmm"], "Unknown model 'ntmm'. Did you mean 'ntm'?"),
        (["copy", "--models", "ntm,lstm", "-p", "memory_size=8"], "Unknown parameter"),
        (["copy", "--models", "lstm", "--preset", "copi"], "Did you mean 'copy'?"),
        (["copy", "--seeds", "-1"], "not a list of integers from 0 on"),
        (["copy", "--minutes", "0"], "--minutes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_sentence_before_anything_is_trained(
    monkeypatch, tmp_path, capfd, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    assert compare(*arguments) == 2
    printed = capfd.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []
