"""`s4ntm plot`: the files it writes, and what it refuses."""

import json
import subprocess
import sys

import pytest
from helpers import untrained

from keras_s4ntm.analysis import figures
from keras_s4ntm.cli.main import main

pytest.importorskip("matplotlib")
RECORDS = [
    {"epoch": e, "step": 10 * e, "seconds": 2.0 * e, "loss": 1 / e, "bit_errors": 4.0 / e}
    for e in (1, 2, 3)
]
NAMES = ["training", "generalisation", "verification", "memory", "attribution"]


def run_cli(*arguments, command="plot"):
    """Exit code of `s4ntm plot ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main([command, *map(str, arguments)])
    return exit.value.code


def run_with_history(path, model="ntm"):
    """A run that has learned nothing, though its history says otherwise."""
    run = untrained(path, model=model, max_length=2, bits=2)
    run.write_history(RECORDS)
    return run


@pytest.fixture
def run(tmp_path):
    return run_with_history(tmp_path / "run")


def names_in(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.once
def test_all_figures_of_a_run_are_in_it_and_their_numbers_are_those_of_evaluate(run, capfd):
    assert run_cli(run.path, "--sequences", 4, "--json") == 0
    printed = json.loads(capfd.readouterr().out)
    wanted = {f"{name}.{kind}" for name in NAMES for kind in ("png", "svg")}
    assert names_in(run.path / "plots") == wanted
    assert {str(run.path / "plots" / name) for name in wanted} == set(printed["files"])
    lengths = [1, 2, 4, 6, 8, 10, 12]
    assert [result["length"] for result in printed["results"]] == lengths
    given = ["--sequences", 4, "--lengths", ",".join(map(str, lengths)), "--json"]
    assert run_cli(run.path, *given, command="evaluate") == 0
    assert json.loads(capfd.readouterr().out)["results"] == printed["results"]


@pytest.mark.once
def test_some_figures_can_be_chosen_and_go_where_they_are_wanted(run, tmp_path, capfd):
    there = tmp_path / "there"
    chosen = ["--figures", "memory,verification", "--length", 1, "--format", "svg"]
    assert run_cli(run.path, *chosen, "--output", there) == 0
    assert names_in(there) == {"memory.svg", "verification.svg"}
    assert capfd.readouterr().out.split() == [
        str(there / "memory.svg"),
        str(there / "verification.svg"),
    ]
    assert not (run.path / "plots").exists()


@pytest.mark.once
def test_a_run_without_a_memory_is_drawn_as_far_as_it_goes(tmp_path, capfd):
    run = run_with_history(tmp_path / "run", model="lstm")
    assert run_cli(run.path, "--sequences", 2, "--format", "png") == 0
    assert names_in(run.path / "plots") == {"training.png", "generalisation.png"}
    printed = capfd.readouterr()
    assert "no verification: 'lstm' has no memory to look into" in " ".join(printed.err.split())
    assert run_cli(run.path, "--figures", "memory") == 2
    assert "'lstm' has no memory to look into" in capfd.readouterr().err


@pytest.mark.once
def test_a_trace_is_drawn_without_its_run(run, capfd):
    assert run_cli(run.path, "--quiet", command="trace") == 0
    file = run.path / "trace" / "length-2.npz"
    assert run_cli(file, "--format", "png", "--json") == 0
    folder = run.path / "trace" / "length-2"
    assert names_in(folder) == {"verification.png", "memory.png", "attribution.png"}
    assert set(json.loads(capfd.readouterr().out)) == {"files"}


def comparison_at(path):
    """A comparison of two models, one of which failed with one seed."""
    results = []
    for model, seed in (("ntm", 0), ("ntm", 1), ("lstm", 0)):
        run_with_history(path / f"{model}-{seed}", model=model)
        figures = [{"length": n, "bits_per_sequence": float(n + seed)} for n in (2, 4)]
        known = {"model": model, "seed": seed, "parameters": 9, "solved": False, "seconds": 1.0}
        results.append({**known, "sequences": 8, "results": figures})
    results.append({"model": "lstm", "seed": 1, "error": "it ended without a word"})
    (path / "results.json").write_text(json.dumps({"asked": ["copy"], "results": results}))


@pytest.mark.once
def test_a_comparison_and_several_runs_are_drawn_together(tmp_path, monkeypatch, capfd):
    shown = {}
    monkeypatch.setattr(
        figures, "save", lambda figure, path, formats: [shown.update({path: figure})]
    )
    path = tmp_path / "comparison"
    comparison_at(path)
    assert run_cli(path, "--quiet") == 0
    assert list(shown) == [path / "plots" / "training", path / "plots" / "comparison"]
    training, comparison = shown.values()
    assert len(training.axes[0].get_lines()) == 2  # a line for each model
    ntm, lstm = (line.get_ydata().tolist() for line in comparison.axes[0].get_lines())
    assert (ntm, lstm) == ([2.5, 4.5], [2, 4])
    shown.clear()
    assert run_cli(path / "ntm-0", path / "ntm-1", "--output", tmp_path / "there", "--quiet") == 0
    assert list(shown) == [tmp_path / "there" / "training"]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["RUN", "--figures", "memori"], 2, "Unknown figure 'memori'. Did you mean 'memory'?"),
        (["RUN", "RUN", "--figures", "memory"], 2, "Accepted: training."),
        (["RUN", "RUN/trace.npz"], 2, "trace.npz is no run: it is drawn by itself"),
        (["RUN/trace.npz"], 1, "trace.npz is not there"),
        (["RUN/plots"], 1, "is not a run directory"),
        (["RUN", "--length", "0"], 2, "--length"),
        (["RUN", "--lengths", "0"], 2, "--lengths"),
        (["RUN", "--format", "pdf"], 2, "--format"),
        (["RUN", "--figures", "training", "--output", "RUN/config.json"], 1, "cannot be written"),
        ([], 2, "RUN..."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_not_accepted_ends_with_a_sentence(run, capfd, arguments, code, sentence):
    assert run_cli(*(text.replace("RUN", str(run.path)) for text in arguments)) == code
    said = capfd.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (run.path / "plots").exists()


@pytest.mark.once
@pytest.mark.parametrize(
    "content",
    [
        "[",
        "[]",
        "{}",
        '{"asked": []}',
        '{"asked": [], "results": [3]}',
        '{"asked": [], "results": [{"model": "ntm", "results": [{}]}]}',
    ],
)
def test_a_damaged_comparison_is_refused_in_a_sentence(tmp_path, capfd, content):
    (tmp_path / "results.json").write_text(content)
    assert run_cli(tmp_path) == 1
    said = capfd.readouterr().err
    assert "results.json is damaged" in said
    assert "Traceback" not in said
    assert not (tmp_path / "plots").exists()


@pytest.mark.once
def test_a_run_without_a_record_has_no_training_to_draw(run, capfd):
    run.history_path.unlink()
    assert run_cli(run.path, "--figures", "training") == 2
    assert "no training has a record yet" in capfd.readouterr().err


@pytest.mark.once
def test_without_matplotlib_the_extra_is_named(run, monkeypatch, capfd):
    monkeypatch.setattr("keras_s4ntm.analysis.figures", figures)  # which is imported once more
    for name in [name for name in sys.modules if name.startswith("keras_s4ntm.analysis.figures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run_cli(run.path, "--figures", "training") == 1
    assert "pip install 'keras-s4ntm[plots]'" in capfd.readouterr().err


@pytest.mark.once
def test_what_needs_no_model_loads_no_framework(tmp_path):
    comparison_at(tmp_path / "comparison")
    script = (
        "import sys\n"
        "from keras_s4ntm.cli.main import main\n"
        "try:\n"
        f"    main(['plot', {str(tmp_path / 'comparison')!r}])\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert not {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert len(names_in(tmp_path / "comparison" / "plots")) == 4
