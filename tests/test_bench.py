"""The measurements of `s4ntm bench`: what is run, in which order, and what is made of it."""

import os
import subprocess
import sys

import pytest

from keras_s4ntm.bench import (
    THREAD_VARIABLES,
    Row,
    available_threads,
    limit_threads,
    run,
    summarise,
)

# Stands in for the process that measures; what it says depends on what it was started with.
MEASURE = f"""
import json, os, pathlib, sys
row = json.loads(sys.argv[1])
if row["model"] == "broken":
    raise ValueError("no such memory")
if row["model"] == "killed":
    os.kill(os.getpid(), 9)
caches = [v for k, v in os.environ.items() if k == "JAX_COMPILATION_CACHE_DIR"]
known = pathlib.Path(*caches) / (row["model"] + str(row["batch_size"]))
compiled = known.exists()
known.touch()
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


def row(model, batch_size=1, memory_size=8):
    return Row(model, "jax", batch_size, 10, {"memory_size": memory_size})


def test_rows_take_turns_and_find_in_the_next_turn_what_they_compiled():
    rows, seen = [row("a"), row("b"), row("c")], []
    results = run(rows, COMMAND, repeats=3, threads=7, report=seen.append)
    assert seen == rows * 3
    for result in results:
        assert (result["compile_seconds"], result["compile_again_seconds"]) == (8, 1)
        assert (result["peak_memory"], result["training_memory"]) == (300, 200)


def test_speed_is_relative_to_the_yardstick_of_the_same_sizes():
    rows = [row("plain-ntm"), row("plain-ntm", 4), row("a", 4), row("a", 1, 16), row("s4d")]
    assert [r["speed"] for r in run(rows, COMMAND, repeats=1)] == [1, 1, 1, None, None]
    rows = [row("plain-ntm"), row("plain-s4d"), row("s4d"), row("s4d-ntm")]
    assert [r["speed"] for r in run(rows, COMMAND, repeats=1)] == [1, 1, 1, 1]


def test_a_row_that_fails_says_why_once_and_the_others_are_measured():
    seen = []
    rows = [row("broken"), row("a"), row("killed")]
    broken, a, killed = run(rows, COMMAND, repeats=2, report=seen.append)
    assert broken["error"] == "ValueError: no such memory"
    assert "signal 9" in killed["error"]
    assert "error" not in a
    assert [r.model for r in seen] == ["broken", "a", "killed", "a"]


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


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot")
def test_a_process_keeps_to_its_threads():
    before = os.sched_getaffinity(0)
    try:
        limit_threads(1)
        assert available_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_memory_that_was_used_and_given_back_counts():
    """In a process of its own: here the block would be as large as what all tests have used."""
    script = (
        "from keras_s4ntm.bench import peak_memory; "
        "before = peak_memory(); "
        "size = int((before + 50) * 1e6); "
        "block = bytearray(size); "
        "block[::4096] = b'x' * len(range(0, size, 4096)); "
        "del block; "
        "assert peak_memory() - before >= 45"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
