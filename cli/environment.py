"""The process that a command runs in: its backend, its Keras, and what it shows of its progress.

What changes the whole process is done here, and nowhere in the library.
"""

import os
import sys
import warnings

import click

from keras_s4ntm.backend import compilation_cache, names
from keras_s4ntm.errors import BackendError, S4NTMWarning
from keras_s4ntm.parameters import suggest


def check_backend(name):
    """Refuse a backend that there is not, or that is not installed."""
    if name not in names.BACKENDS:
        raise click.UsageError(suggest("backend", name, names.BACKENDS))
    if not names.installed(name):
        raise BackendError(
            f"The backend {name} is not installed: pip install 'keras-s4ntm[{name}]'."
        )


def use_backend(requested, preferred=None):
    """Choose the backend before Keras is imported; returns its name.

    Args:
        requested: the user's `--backend`. Without it `KERAS_BACKEND` counts, then `preferred`, then
            the first of `BACKENDS` that is installed.
        preferred: the backend of a run.
    """
    loaded = sys.modules["keras"].backend.backend() if "keras" in sys.modules else None
    name = requested or os.environ.get("KERAS_BACKEND") or loaded
    if name is None:
        candidates = names.installed_backends()
        name = preferred if preferred in candidates else candidates[0]
    check_backend(name)
    if loaded not in (None, name):
        raise BackendError(
            f"Keras runs on {loaded} already: a plugin imported it before {name} could be chosen. "
            f"Set KERAS_BACKEND={name}, or have the plugin import Keras inside its functions."
        )
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    compilation_cache.use(name)
    return name


def load_keras(backend, quiet=False):
    """Import Keras, which takes seconds, and say so; set up the process for training."""
    if "keras" not in sys.modules and "--debug" not in sys.argv:
        quieten_libraries()
    with console(quiet).status(f"loading keras ({backend})"):
        from keras_s4ntm.backend.process import keep_freed_memory
        from keras_s4ntm.backend.time_loop import compile_loops

        keep_freed_memory()
        compile_loops()


def quieten_libraries():
    """Drop the warnings of libraries, and what native code writes to standard error.

    TensorFlow writes several lines at import, also where another backend is used and Keras
    imports it to save a file; no setting turns them off. Our own messages still show.
    """
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", S4NTMWarning)
    warnings.showwarning = lambda message, *_: click.echo(f"Warning: {message}", err=True)
    sys.stderr.flush()
    visible = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    sys.stderr = visible


def console(quiet=False):
    """A Rich console on standard error: progress and remarks, never results."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet)


def progress(quiet=False):
    """A Rich display that counts what is done: so many of so many, since when, what now."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    return Progress(*columns, console=console(quiet), transient=True)
