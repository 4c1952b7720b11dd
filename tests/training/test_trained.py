"""What the defaults learn: whole trainings by the command line, as a user runs them.

Minutes each; see `docs/testing.md`. The figures of the README's tables are guarded here and in
`tests/benchmark/test_speed.py`.
"""

import json
import subprocess
import sys

import keras
import pytest
from helpers import users_environment

pytestmark = pytest.mark.slow


def trained(run, task, model, *options):
    """What `s4ntm train --json` prints, of a process of its own with all optimisations."""
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "train", task, "--model", model]
    command += options
    printed = subprocess.run(
        [*command, "--backend", keras.backend.backend(), "--run-dir", run, "--json"],
        env=users_environment(),
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


def test_bits_are_predicted_much_better_with_a_memory(tmp_path):
    def above_optimum(model):
        result = trained(tmp_path / model, "dynamic-ngrams", model)["results"][0]
        return result["cost"] - result["optimal_cost"]

    assert above_optimum("s4d-ntm") < 25
    assert above_optimum("s4d") > 30


def test_many_queries_are_answered_with_a_memory_only(tmp_path):
    with_memory = trained(tmp_path / "with", "multi-query-recall", "s4d-ntm")
    without = trained(tmp_path / "without", "multi-query-recall", "s4d")
    assert all(r["token_accuracy"] > 0.95 for r in with_memory["results"])
    assert all(r["token_accuracy"] < 0.4 for r in without["results"])


# What three minutes on JAX teach, in the cells of the README's table that no test above has: a
# figure in range, and of the hardest setting beyond, each between two bounds. An ntm learns
# multi-query-recall on some seeds only.
BITS, TOKENS = "bits_per_sequence", "token_accuracy"
README = {
    ("copy", "lstm"): (BITS, (45, 70), (440, 520)),
    ("associative-recall", "lstm"): (BITS, (5.5, 9.5), (7.5, 9.5)),
    ("associative-recall", "s4d"): (BITS, (4, 8), (7, 9.5)),
    ("associative-recall", "ntm"): (BITS, (0, 1), (0, 3)),
    ("associative-recall", "dnc"): (BITS, (0, 1), (0, 1)),
    ("multi-query-recall", "lstm"): (TOKENS, (0, 0.06), (0, 0.06)),
    ("multi-query-recall", "dnc"): (TOKENS, (0, 0.15), (0, 0.15)),
    ("priority-sort", "lstm"): (BITS, (48, 60), None),
    ("priority-sort", "s4d"): (BITS, (50, 62), None),
    ("priority-sort", "ntm"): (BITS, (35, 50), None),
    ("priority-sort", "s4d-ntm"): (BITS, (32, 48), None),
    ("priority-sort", "dnc"): (BITS, (10, 40), None),
}


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the README's figures are of JAX")
@pytest.mark.parametrize(("task", "model"), README)
def test_three_minutes_teach_what_the_readme_says(tmp_path, task, model):
    name, in_range, beyond = README[task, model]
    results = trained(tmp_path / "run", task, model, "--minutes", "3")["results"]
    assert in_range[0] <= results[0][name] <= in_range[1]
    if beyond:
        assert beyond[0] <= results[-1][name] <= beyond[1]
