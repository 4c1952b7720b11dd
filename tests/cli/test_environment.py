"""What the command line shows of warnings."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

SCRIPT = """
import warnings
from keras_s4ntm.cli.environment import quieten_libraries
from keras_s4ntm.errors import S4NTMWarning

quieten_libraries()
warnings.warn("The loop of ntm is not compiled: no compiler", S4NTMWarning)
warnings.warn("something of a library")
"""


def test_our_warnings_are_shown_as_a_sentence_and_those_of_libraries_are_not():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stderr == "Warning: The loop of ntm is not compiled: no compiler\n"
