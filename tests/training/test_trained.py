"""What the defaults learn: whole trainings by the command line, as a user runs them.

Minutes each: `KERAS_BACKEND=jax pytest -o addopts="" -m slow tests/training/test_trained.py`.
"""

import json
import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.slow


def trained(run, task, model):
    """What `s4ntm train --json` prints, of a process of its own with all optimisations."""
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "train", task, "--model", model]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("XLA_FLAGS", "OMP_NUM_THREADS")
    }
    printed = subprocess.run(
        [*command, "--backend", keras.backend.backend(), "--run-dir", run, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return json.loads(printed)


@pytest.mark.parametrize("model", ["s4d-ntm", "ntm"])
def test_copy_is_learned_and_generalises_to_six_times_the_length(tmp_path, model):
    result = trained(tmp_path / "run", "copy", model)
    errors = {r["length"]: r["bits_per_sequence"] for r in result["results"]}
    assert result["solved"]
    assert errors.pop(20) == 0
    assert list(errors) == [40, 60, 100, 120]
    assert max(errors.values()) < 0.1


def test_a_dnc_learns_to_copy_three_times_the_length(tmp_path):
    result = trained(tmp_path / "run", "copy", "dnc")
    assert result["solved"]
    assert [r["length"] for r in result["results"][:3]] == [20, 40, 60]
    assert all(r["bits_per_sequence"] < 0.1 for r in result["results"][:3])


def test_copy_is_not_learned_without_a_memory(tmp_path):
    result = trained(tmp_path / "run", "copy", "s4d")
    assert all(0.35 < r["bit_error_rate"] < 0.52 for r in result["results"])


def test_less_than_one_bit_of_an_association_is_wrong_among_three_times_as_many(tmp_path):
    result = trained(tmp_path / "run", "associative-recall", "s4d-ntm")
    assert all(r["bits_per_sequence"] < 1 for r in result["results"])


def test_bits_are_predicted_nearly_as_well_as_can_be_with_a_memory_only(tmp_path):
    def above_optimum(model):
        result = trained(tmp_path / model, "dynamic-ngrams", model)["results"][0]
        return result["cost"] - result["optimal_cost"]

    assert above_optimum("s4d-ntm") < 6
    assert above_optimum("s4d") > 30


def test_many_queries_are_answered_with_a_memory_only(tmp_path):
    with_memory = trained(tmp_path / "with", "multi-query-recall", "s4d-ntm")
    without = trained(tmp_path / "without", "multi-query-recall", "s4d")
    assert all(r["token_accuracy"] > 0.95 for r in with_memory["results"])
    assert all(r["token_accuracy"] < 0.4 for r in without["results"])
