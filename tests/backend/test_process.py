"""What is done to the process itself: it keeps the memory that it frees."""

import sys

import keras
import pytest
from helpers import run_on

RESIDENT_AFTER_A_BUFFER_WAS_FREED = """
import ctypes, os
from keras_s4ntm.backend.process import keep_freed_memory

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
assert kept < 10 if BACKEND == "tensorflow" else kept > 90, kept
"""

PAGES_THAT_LINUX_CLEARS_FOR_A_STEP = """
import resource
from keras_s4ntm.backend.process import keep_freed_memory
keep_freed_memory()
import jax

@jax.jit
def step(x):  # with some 200 MB in between
    return jax.numpy.sum(jax.numpy.cumsum(x, axis=0)[::7])

def cleared():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

x, pages = jax.numpy.full((5_000, 5_000), 0.5), []
for _ in range(6):
    before = cleared()
    step(x).block_until_ready()
    pages.append(cleared() - before)
assert min(pages) < 5_000, pages
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux anything is changed")
def test_freed_buffers_stay_with_the_process_but_on_tensorflow(tmp_path):
    run_on(keras.backend.backend(), RESIDENT_AFTER_A_BUFFER_WAS_FREED, tmp_path)


@pytest.mark.skipif(
    sys.platform != "linux" or keras.backend.backend() != "jax", reason="JAX on Linux only"
)
def test_large_buffers_of_a_step_stay_with_the_process_on_jax(tmp_path):
    run_on("jax", PAGES_THAT_LINUX_CLEARS_FOR_A_STEP, tmp_path)
