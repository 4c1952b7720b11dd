"""What a backend compiled is kept where it belongs, and only where it can be."""

import os
import platform
from importlib.metadata import version

import keras
import pytest
from helpers import run_on

from keras_s4ntm.backend import compilation_cache

BACKEND = keras.backend.backend()
COMPILE = f"""
from keras_s4ntm.backend import compilation_cache
compilation_cache.use({BACKEND!r})
import keras, numpy
from keras_s4ntm import NTM
from keras_s4ntm.backend.time_loop import compile_loops
compile_loops()
model = keras.Sequential([keras.Input((4, 3)), NTM(2, memory_size=3, memory_width=2)])
model.compile("sgd", "mse", jit_compile={BACKEND != "torch"})
model.fit(numpy.ones((4, 4, 3)), numpy.ones((4, model.output_shape[-1])), verbose=0)
"""
WITHOUT_KERAS = """
import sys
import keras_s4ntm.backend.compilation_cache
assert "keras" not in sys.modules
"""


def test_the_cache_can_be_chosen_before_keras_is_loaded(tmp_path):
    run_on(BACKEND, WITHOUT_KERAS, tmp_path)


def test_the_cache_is_the_users_and_that_of_this_machine_and_version(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = tmp_path / "keras-s4ntm" / platform.node() / f"{BACKEND}-{version(BACKEND)}"
    assert compilation_cache.directory(BACKEND) == expected
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compilation_cache.directory(BACKEND).relative_to(tmp_path).parts[:2] == (
        ".cache",
        "keras-s4ntm",
    )


def test_what_is_compiled_is_found_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "with a space"))
    monkeypatch.delenv("TORCH_COMPILE_DISABLE", raising=False)
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    for name in compilation_cache.settings(BACKEND, ""):
        monkeypatch.delenv(name, raising=False)
    run_on(BACKEND, COMPILE, tmp_path)
    assert any(compilation_cache.directory(BACKEND).iterdir())


def test_a_cache_that_cannot_be_written_is_not_used(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    before = dict(os.environ)
    compilation_cache.use(BACKEND)
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", compilation_cache.settings(BACKEND, ""))
def test_a_setting_of_the_user_stays(monkeypatch, tmp_path, name):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(name, "the user's")
    compilation_cache.use(BACKEND)
    assert os.environ[name] == "the user's"
