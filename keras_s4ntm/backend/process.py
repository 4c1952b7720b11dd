"""Settings of the whole process, which a library must not make: only the command line does."""

import ctypes
import sys

import keras

from keras_s4ntm.backend.private import may_be_missing

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of `mallopt` in the GNU C library


def keep_freed_memory():
    """Have this process keep the memory that it frees, for the next step of training.

    JAX and PyTorch free the buffers of a step, the GNU C library gives large ones back to Linux,
    and Linux clears them page by page before the next step may have them. JAX also has another
    thread allocate them, for which the library keeps no more than 64 MB: the main thread does that
    from now on. Call this before anything is computed. On TensorFlow, and where there is another C
    library, nothing is changed. `docs/performance.md` shows the measurement.
    """
    name = keras.backend.backend()
    if name == "tensorflow" or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    libc.mallopt(M_MMAP_THRESHOLD, 2**30)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    if name == "jax":
        import jax

        with may_be_missing("Training steps with large buffers are slower"):
            jax.config.update("jax_cpu_enable_async_dispatch", False)
