"""What all exports share: a file gets its name once it gives what the Keras model gives."""

import os
import shutil
from pathlib import Path

import keras
import numpy as np

from keras_s4ntm.errors import BackendError, S4NTMError

LARGEST_DIFFERENCE = 1e-3  # of an output; more is no rounding


def check_backend():
    """Refuse to export on another backend than TensorFlow.

    Raises:
        BackendError: it is another.
    """
    if keras.backend.backend() != "tensorflow":
        raise BackendError(
            "Export is done by TensorFlow: use `s4ntm export RUN`, or set "
            "KERAS_BACKEND=tensorflow and load the model there."
        )


def write_and_compare(model, output, sample, write, run):
    """Write under a temporary name, compare with the Keras model, then rename.

    Args:
        model: the Keras model.
        output: the path to write to.
        sample: `(B, T, input_size)`, the inputs that are compared on, up to where padding begins.
        write: `write(path)` writes what is exported.
        run: `run(path, sample)` loads it and yields its outputs, once for every way to run it.

    Returns:
        The largest absolute difference.

    Raises:
        S4NTMError: there is something at `output`, or the difference is too large.
    """
    sample = without_padding(sample)
    output = Path(output)
    if output.exists():
        raise S4NTMError(f"{output} exists already; choose another --output.")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".unfinished-{os.getpid()}-{output.name}")
    try:
        write(temporary)
        expected = keras.ops.convert_to_numpy(model(sample))
        difference = max(_difference(outputs, expected) for outputs in run(temporary, sample))
        if difference >= LARGEST_DIFFERENCE:
            raise S4NTMError(
                f"the exported model differs from the Keras model by {difference:.1e}; "
                "nothing was written."
            )
        os.replace(temporary, output)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
    return difference


def without_padding(sample):
    """The time steps before any of a sample's sequences ends: a stream has no padding."""
    return sample[:, ~np.isnan(sample).any(axis=(0, 2))]


def _difference(outputs, expected):
    """The largest absolute difference; infinite where shapes differ or it is no number."""
    if outputs.shape != expected.shape:
        return float("inf")
    difference = float(np.abs(outputs - expected).max())
    return float("inf") if np.isnan(difference) else difference
