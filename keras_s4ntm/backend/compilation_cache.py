"""Where a backend keeps what it compiled, so that the next process need not compile it again."""

import os
import platform
from pathlib import Path

from keras_s4ntm.backend.names import version_of


def directory(backend):
    """The cache of this machine and version of the backend, below the user's cache directory."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "keras-s4ntm" / platform.node() / f"{backend}-{version_of(backend)}"


def use(backend):
    """Have a backend that is not loaded yet keep what it compiles, if its cache can be written.

    Environment variables that are set already stay as they are.
    """
    try:
        place = directory(backend)
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home
        return
    if os.access(place, os.W_OK):
        for name, value in settings(backend, place).items():
            os.environ.setdefault(name, value)


def settings(backend, directory):
    """The environment variables that make a backend use a directory as its cache.

    They count if they are set before the backend is loaded.
    """
    return {
        "jax": {"JAX_COMPILATION_CACHE_DIR": str(directory)},
        "tensorflow": {"TF_XLA_FLAGS": f'--tf_xla_persistent_cache_directory="{directory}"'},
        "torch": {"TORCHINDUCTOR_CACHE_DIR": str(directory)},
    }[backend]
