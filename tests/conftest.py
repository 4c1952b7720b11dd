"""Every test runs on the backend that `KERAS_BACKEND` names; see the README, "Tests"."""

import gc
import importlib.util
import os

BACKEND = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # three workers share the cores
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # compiling is most of the time
os.environ.setdefault("TORCH_COMPILE_DISABLE", "1")  # but in the tests of what is compiled

if importlib.util.find_spec("torch"):
    import torch  # noqa: F401  before tensorflow, else the two crash in one process

import keras
import numpy as np
import pytest
from helpers import use_shared_data

use_shared_data()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What the tests compile is kept for each other, apart from the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module", autouse=True)
def compiled_code_ends_with_its_module():
    """JAX keeps all that it compiled, in some 60 pieces of memory a test; Linux allows 65,530."""
    yield
    gc.collect()
    if BACKEND == "jax":
        import jax

        jax.clear_caches()


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
