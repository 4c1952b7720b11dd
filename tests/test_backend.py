"""What differs between backends: the loop over time, and what is done to the process itself."""

import sys

import keras
import numpy as np
import pytest
from helpers import numpy, run_on, tensors
from keras import ops
from keras.src import backend

from keras_s4ntm.backend import rnn

RESIDENT_AFTER_A_BUFFER_WAS_FREED = """
import ctypes, os
from keras_s4ntm.backend import keep_freed_memory

BACKEND = os.environ["KERAS_BACKEND"]

def resident():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096 / 2**20

keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
before = resident()
buffer = libc.malloc(ctypes.c_size_t(100 * 2**20))
ctypes.memset(buffer, 1, 100 * 2**20)
libc.free(ctypes.c_void_p(buffer))
kept = resident() - before
assert kept > 90 if BACKEND == "jax" else kept < 10, kept
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux anything is changed")
def test_freed_buffers_stay_with_the_process_on_jax_only(tmp_path):
    run_on(keras.backend.backend(), RESIDENT_AFTER_A_BUFFER_WAS_FREED, tmp_path)


@pytest.mark.parametrize("return_all_outputs", [True, False])
def test_the_loop_over_time_gives_what_the_one_of_keras_gives(rng, return_all_outputs):
    x, scale, state = tensors(rng.normal(size=shape) for shape in [(2, 4, 3), (2, 4, 1), (2, 3)])

    def step(inputs, states):
        state = ops.tanh(inputs[0] * inputs[1] + states[0])
        return 2.0 * state, [state]

    arguments = [x, scale], [state]
    ours = rnn(step, *arguments, return_all_outputs)
    of_keras = backend.rnn(step, *arguments, input_length=4, return_all_outputs=return_all_outputs)
    for actual, expected in zip(*map(keras.tree.flatten, (ours, of_keras)), strict=True):
        np.testing.assert_allclose(numpy(actual), numpy(expected), atol=1e-6)
