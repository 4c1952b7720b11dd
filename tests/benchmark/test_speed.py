"""A training step is as many times as fast as a plain NTM as the README says, nearly.

Minutes; see `docs/testing.md`. Nothing else should run beside.
"""

import json
import subprocess
import sys

import keras
import pytest
from helpers import users_environment

pytestmark = pytest.mark.slow
BACKEND = keras.backend.backend()
SPEED = {  # the README's, of batches of 32
    "jax": {"ntm": 5.1, "s4d-ntm": 4.2},
    "tensorflow": {"ntm": 3.9, "s4d-ntm": 2.7},
    "torch": {"ntm": 3.3, "s4d-ntm": 2.9},
}[BACKEND]


def test_a_step_is_faster_than_the_plain_network_by_the_factor_of_the_readme():
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "bench", "--models", "ntm,s4d-ntm"]
    sizes = ["--batch-sizes", "32", "--lengths", "42", "--threads", "1"]
    printed = subprocess.run(
        [*command, "--backends", BACKEND, *sizes, "--json"],
        env=users_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = {row["model"]: row for row in json.loads(printed)["rows"]}
    for model, factor in SPEED.items():
        assert rows[model]["speed"] > 0.7 * factor, rows[model]
