"""What is done to the process itself."""

import sys

import keras
import pytest
from helpers import run_on

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
