"""Every test runs on the backend that `KERAS_BACKEND` names; see `docs/testing.md`."""

import gc
import importlib.util
import os
from pathlib import Path

BACKEND = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # three workers share the cores
os.environ.setdefault("TORCH_COMPILE_DISABLE", "1")  # but in the tests of what is compiled
# Compiling is most of the time: XLA, of JAX and of TensorFlow, does the least that it can. LLVM's
# fast selection of instructions is off: without fusion emitters it makes wrong code.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    " --xla_backend_extra_options=-fast-isel=false",
)
WORKERS = ("tensorflow", "torch", "jax")
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if IS_WORKER and BACKEND != "jax":
    os.nice(5)  # the tests on JAX take longest: of two cores one is theirs

if importlib.util.find_spec("torch"):
    import torch  # noqa: F401  before tensorflow, else the two crash in one process

import keras
import numpy as np
import pytest
from helpers import use_shared_data

use_shared_data()
gc.freeze()  # what is imported stays: no collection has to look at it


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What the tests compile is kept for each other, apart from the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


def pytest_collection_modifyitems(config, items):
    """Of three workers one runs what is marked `once`: that on PyTorch, where nothing compiles. Of
    what is marked `dealt` every parameter is run by one of them. A run on a single backend, without
    workers, leaves nothing out.
    """
    if not IS_WORKER:
        return
    place, counts, kept, left = WORKERS.index(BACKEND), {}, [], []
    for item in items:
        is_mine = BACKEND == "torch" or not item.get_closest_marker("once")
        if item.get_closest_marker("dealt") and hasattr(item, "callspec"):
            test = item.nodeid.partition("[")[0]
            # Each test begins with another worker, and so does each round: products are mixed.
            first, number = counts.get(test, (len(counts), 0))
            counts[test] = first, number + 1
            is_mine &= (first + number + number // 3) % 3 == place
        (kept if is_mine else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


@pytest.fixture(scope="module", autouse=True)
def compiled_code_ends_before_there_is_too_much():
    """JAX keeps all that it compiled, in pieces of memory of which Linux allows 65,530."""
    yield
    gc.collect()
    if BACKEND == "jax" and pieces_of_memory() > 20_000:
        import jax

        jax.clear_caches()


def pieces_of_memory():
    maps = Path("/proc/self/maps")
    return len(maps.read_bytes().splitlines()) if maps.exists() else 0


@pytest.fixture
def rng():
    """A seeded source of random numbers."""
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def fresh_state():
    """Names, seeds and dtype policy do not leak from one test to the next."""
    keras.utils.clear_session(free_memory=False)  # collecting garbage takes 0.3 s
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
