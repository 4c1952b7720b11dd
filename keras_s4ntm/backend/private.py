"""What other packages have, but do not promise to keep."""

import contextlib
import sys
import warnings

from keras_s4ntm.errors import S4NTMWarning


@contextlib.contextmanager
def may_be_missing(cost):
    """A context that imports something private of another package, or uses it.

    Where a release does not have it, there is a warning, and a plain form gives the same numbers.

    Args:
        cost: what the plain form costs: a sentence without its full stop.
    """
    try:
        yield
    except (ImportError, AttributeError) as error:
        warnings.warn(
            f"{cost}, because a package has changed: {error}. Results stay the same. "
            "constraints.txt in the repository names versions that have what is missing.",
            S4NTMWarning,
            stacklevel=3,
        )


@contextlib.contextmanager
def saving_without_tensorflow():
    """A context in which Keras does not import TensorFlow to save a model.

    It does so on every backend, for seconds, only to ask of each object whether it is of a type of
    TensorFlow. While TensorFlow is not loaded none is.
    """
    lazy = None
    if "tensorflow" not in sys.modules:
        with may_be_missing("Saving a model imports TensorFlow, where it is installed"):
            from keras.src.saving.serialization_lib import tf as lazy
    if lazy is None:
        yield
        return
    before = vars(lazy).get("_available")
    vars(lazy)["_available"] = False
    try:
        yield
    finally:
        vars(lazy)["_available"] = before
