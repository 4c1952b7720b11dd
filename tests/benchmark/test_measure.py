"""The measurements of `s4ntm bench`: what is run, in which order, and what is made of it."""

import dataclasses
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest

from keras_s4ntm.benchmark import measure, rows
from keras_s4ntm.benchmark.measure import limit_threads
from keras_s4ntm.benchmark.rows import (
    THREAD_VARIABLES,
    Row,
    available_threads,
    experiment_of,
    run,
    summarise,
)

# Stands in for the process that measures; what it says depends on what it was started with.
MEASURE = f"""
import json, os, pathlib, sys
row = json.loads(sys.argv[1])
if row["model"] == "broken":
    raise ValueError("no such memory")
if row["model"] == "mute":
    sys.exit(3)
if row["model"] == "killed":
    os.kill(os.getpid(), 9)
caches = [v for k, v in os.environ.items() if k == "JAX_COMPILATION_CACHE_DIR"]
known = pathlib.Path(*caches) / (row["model"] + str(row["batch_size"]))
compiled = known.exists()
known.write_text("")
threads = {{os.environ.get(name) for name in {THREAD_VARIABLES!r}}}
print("a line of the framework's")
print(json.dumps({{
    "compile_seconds": 1 if compiled else 8,
    "step_seconds": [row["batch_size"] * s for s in (0.1, 0.2, 0.3)],
    "inference_seconds": [0.05],
    "input_seconds": [0.001],
    "import_memory": 100,
    "peak_memory": 300 if threads == {{"7"}} and os.environ["KERAS_BACKEND"] == "jax" else 0,
}}))
"""
COMMAND = [sys.executable, "-c", MEASURE]


@pytest.fixture(autouse=True)
def models(monkeypatch):
    """What the stand-in measures: models that declare a reference network, or none."""
    declared = {"s4d": "plain-s4d", "s4d-ntm": "plain-ntm", "alone": None}
    declared |= dict.fromkeys(("a", "b", "c", "broken", "killed", "mute"), "plain-ntm")
    models = {name: SimpleNamespace(reference=reference) for name, reference in declared.items()}
    monkeypatch.setattr(rows, "MODELS", models)


def row(model, batch_size=1, memory_size=8):
    return Row(model, "jax", batch_size, 10, {"memory_size": memory_size})


@pytest.mark.once
def test_rows_take_turns_and_find_in_the_next_turn_what_they_compiled():
    rows, seen = [row("a"), row("b"), row("c")], []
    results = run(rows, COMMAND, repeats=3, threads=7, report=seen.append)
    assert seen == rows * 3
    for result in results:
        assert (result["compile_seconds"], result["compile_again_seconds"]) == (8, 1)
        assert (result["peak_memory"], result["training_memory"]) == (300, 200)


@pytest.mark.once
def test_speed_is_relative_to_the_declared_reference_network_of_the_same_sizes():
    rows = [row("plain-ntm"), row("plain-ntm", 4), row("a", 4), row("a", 1, 16), row("s4d")]
    assert [r["speed"] for r in run(rows, COMMAND, repeats=1)] == [1, 1, 1, None, None]
    rows = [row("plain-ntm"), row("plain-s4d"), row("s4d"), row("s4d-ntm")]
    assert [r["speed"] for r in run(rows, COMMAND, repeats=1)] == [1, 1, 1, 1]
    rows = [row("plain-ntm"), row("alone")]
    assert [r["speed"] for r in run(rows, COMMAND, repeats=1)] == [1, None]


@pytest.mark.once
def test_a_row_that_fails_says_why_once_and_the_others_are_measured():
    seen = []
    rows = [row("broken"), row("a"), row("killed"), row("mute")]
    broken, a, killed, mute = run(rows, COMMAND, repeats=2, report=seen.append)
    assert broken["error"] == "ValueError: no such memory"
    assert "signal 9" in killed["error"]
    assert mute["error"] == "ended with code 3"
    assert "error" not in a
    assert [r.model for r in seen] == ["broken", "a", "killed", "mute", "a"]


@pytest.mark.once
def test_figures_are_those_of_all_rounds_of_all_measurements():
    measurements = [
        {
            "compile_seconds": compiled,
            "step_seconds": steps,
            "inference_seconds": [0.5],
            "input_seconds": [0.002],
            "import_memory": 100.0,
            "peak_memory": peak,
        }
        for compiled, steps, peak in (
            (9.0, [0.1, 0.5], 250.0),
            (2.0, [0.2, 0.4], 300.0),
            (3.0, [0.3], 200.0),
        )
    ]
    result = summarise(Row("ntm", "jax", 4, 10, {"memory_size": 8}), measurements)
    assert result == {
        "model": "ntm",
        "backend": "jax",
        "batch_size": 4,
        "length": 10,
        "hyperparameters": {"memory_size": 8},
        "compile_seconds": 9.0,
        "compile_again_seconds": 2.5,
        "step_ms": pytest.approx({"median": 300, "low": 200, "high": 400}),
        "time_step_ms": pytest.approx(30),
        "sequences_per_second": pytest.approx(4 / 0.3),
        "inference_steps_per_second": pytest.approx(80),
        "input_ms": pytest.approx(2),
        "peak_memory": 300.0,
        "training_memory": 200.0,
    }


@pytest.mark.once
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot")
def test_a_process_keeps_to_its_threads():
    before = os.sched_getaffinity(0)
    try:
        limit_threads(1)
        assert available_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.once
def test_memory_that_was_used_and_given_back_counts():
    """In a process of its own: here the block would be as large as what all tests have used."""
    script = (
        "from keras_s4ntm.benchmark.measure import peak_memory; "
        "before = peak_memory(); "
        "size = int((before + 50) * 1e6); "
        "block = bytearray(size); "
        "block[::4096] = b'x' * len(range(0, size, 4096)); "
        "del block; "
        "assert peak_memory() - before >= 45"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.once
def test_no_framework_is_loaded_before_something_is_measured():
    script = (
        "import sys, keras_s4ntm.benchmark.measure; "
        "assert not {'numpy', 'keras', 'torch', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_row_is_what_is_trained_on_copy_with_its_sizes():
    from keras_s4ntm.experiment import Experiment

    measured = experiment_of(Row("ntm", "jax", 5, 14, {"memory_size": 9, "head_noise": 0.0}))
    trained = Experiment.choose("copy", "ntm")
    assert measured.preset == "ntm/copy"
    assert measured.hyperparameters == {
        **trained.hyperparameters,
        "memory_size": 9,
        "head_noise": 0.0,
    }
    assert measured.task == dataclasses.replace(trained.task, max_length=6)
    assert measured.task.batch("train", 0, 0, 5).inputs.shape == (5, 14, 10)
    assert measured.training == dataclasses.replace(trained.training, batch_size=5)
    with pytest.raises(ValueError, match="Did you mean 'memory_size'"):
        experiment_of(Row("ntm", "jax", 5, 14, {"memory_sise": 9}))


def test_the_process_is_set_up_as_for_training_before_the_model_is_built(monkeypatch):
    from keras_s4ntm.backend import process, time_loop
    from keras_s4ntm.experiment import Experiment

    done = []
    build_model = Experiment.build_model
    monkeypatch.setattr(process, "keep_freed_memory", lambda: done.append("keep_freed_memory"))
    monkeypatch.setattr(time_loop, "compile_loops", lambda: done.append("compile_loops"))
    monkeypatch.setattr(
        Experiment, "build_model", lambda self: done.append("build_model") or build_model(self)
    )
    sizes = {"units": 4, "memory_size": 8}
    _, infer, batches = measure.start_model(Row("ntm", keras.backend.backend(), 3, 8, sizes))
    assert done == ["keep_freed_memory", "compile_loops", "build_model"]
    inputs, _, weights = batches[0]
    assert inputs.shape == (3, 8, 10)
    assert weights.shape == (3, 8)
    assert infer().shape == (3, 8, 8)


# Of another package: a model that is neither recurrent nor streamable, without a preset.
CONVOLUTION = """
import dataclasses, json, sys
from keras_s4ntm import register_model
from keras_s4ntm.benchmark.measure import measure
from keras_s4ntm.benchmark.rows import Row, run

@register_model("convolution", streamable=False)
def convolution(sizes, *, filters: int = 4):
    import keras

    inputs = keras.Input((None, sizes.input_size))
    hidden = keras.layers.Conv1D(filters, 3, padding="causal")(inputs)
    return keras.Model(inputs, keras.layers.Dense(sizes.output_size)(hidden))

if len(sys.argv) > 1:
    row = json.loads(sys.argv[1])
    row.pop("threads")
    print(json.dumps(measure(Row(**row))))
else:
    rows = [Row(**row) for row in json.load(sys.stdin)]
    print(json.dumps(run(rows, [sys.executable, __file__], repeats=1)))
"""


@pytest.mark.once
def test_a_model_of_another_package_is_measured_without_a_reference_network(tmp_path):
    script = tmp_path / "convolution.py"
    script.write_text(CONVOLUTION)
    row = Row("convolution", keras.backend.backend(), 2, 8, {"filters": 6})
    given = json.dumps([dataclasses.asdict(row)])
    done = subprocess.run(
        [sys.executable, script], input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    [result] = json.loads(done.stdout)
    assert "error" not in result, result
    assert result["speed"] is None
    assert result["hyperparameters"] == {"filters": 6}
    for name in ("compile_seconds", "time_step_ms", "inference_steps_per_second", "input_ms"):
        assert result[name] > 0
    assert result["peak_memory"] > result["training_memory"] > 0
