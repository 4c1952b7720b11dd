"""The backends by name, and which of them are installed. Imports none."""

import importlib.util
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from keras_s4ntm.errors import BackendError

BACKENDS = ("jax", "tensorflow", "torch")  # in order of preference


def installed(name):
    """Whether a backend can be imported."""
    return importlib.util.find_spec(name) is not None


def installed_backends():
    """The backends that can be imported, in order of preference.

    Raises:
        BackendError: there is none.
    """
    names = [name for name in BACKENDS if installed(name)]
    if not names:
        raise BackendError(
            "No backend is installed. Install one: pip install 'keras-s4ntm[tensorflow]' "
            "(or [torch], or [jax])."
        )
    return names


def version_of(name):
    """The installed version of a package, or of the distribution that brings a module.

    TensorFlow comes as `tensorflow`, `tensorflow-cpu` and others.
    """
    try:
        return version(name)
    except PackageNotFoundError:
        distributions = packages_distributions().get(name, [])
        return version(distributions[0]) if distributions else "unknown"
