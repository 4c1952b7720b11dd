"""Data sets of TensorFlow Datasets, as NumPy arrays."""

import functools
import importlib.util
import os

import numpy as np

from keras_s4ntm.errors import DataError


@functools.cache
def columns(name, split):
    """`{feature: array}` of a split of a data set, a row for each example.

    Raises:
        DataError: the data is not there and cannot be fetched, or TensorFlow is missing.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder(name)
    prepare(builder)
    try:
        rows = list(builder.as_data_source(split))  # needs no TensorFlow; not for every file format
        return {feature: np.array([row[feature] for row in rows]) for feature in rows[0]}
    except NotImplementedError:
        if importlib.util.find_spec("tensorflow") is None:
            raise DataError(
                f"The data in {builder.data_dir} is in a format that only TensorFlow reads: "
                "pip install 'keras-s4ntm[tensorflow]', or prepare it as array_record."
            ) from None
        return tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))


def prepare(builder):
    """Download and prepare a data set, with its progress bars, unless it is there."""
    if os.path.isdir(builder.data_dir):
        return
    try:
        builder.download_and_prepare()
    except Exception as error:  # whatever the network, the disk or the missing TensorFlow says
        raise DataError(
            f"The data set {builder.name} is not in {builder.data_dir} and could not be downloaded "
            f"({type(error).__name__}). Prepare it on a machine with a network, "
            f"`python -c \"import tensorflow_datasets as t; t.load('{builder.name}')\"`, and name "
            "its directory with --data-dir or TFDS_DATA_DIR."
        ) from error
