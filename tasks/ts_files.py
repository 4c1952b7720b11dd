"""Sequences of the UCR and UEA archives, `.ts` files, read by the package `aeon`.

Such a data set comes in two files, NAME_TRAIN.ts and NAME_TEST.ts. Either of them stands for both
where they lie side by side.
"""

import re
from pathlib import Path

import numpy as np

from keras_s4ntm.errors import BackendError, DataError
from keras_s4ntm.tasks.base import SPLITS

HALVES = {"TRAIN": SPLITS[0], "TEST": SPLITS[2]}


def halves(path):
    """`{split: path}` of a `.ts` file and its other half; `{None: path}`: it has none."""
    path = Path(path)
    name = re.fullmatch(r"(.*)_(TRAIN|TEST)", path.stem)
    found = {
        split: path.with_name(f"{name[1]}_{half}.ts") for half, split in HALVES.items() if name
    }
    return found if found and all(one.is_file() for one in found.values()) else {None: path}


def read_ts(path):
    """The arrays `inputs`, `lengths`, `targets` and, of two halves, `split` of a `.ts` file.

    Raises:
        BackendError: `aeon` is not installed.
        DataError: it cannot be read, or has other targets than classes.
    """
    try:
        from aeon.datasets import load_from_ts_file
    except ImportError as error:
        raise BackendError(
            "Reading .ts files needs aeon: pip install 'keras-s4ntm[aeon]'. Or convert the file to "
            ".npz elsewhere."
        ) from error
    series, targets, split = [], [], []
    for name, file in halves(path).items():
        try:
            found, labels, about = load_from_ts_file(str(file), return_meta_data=True)
        except Exception as error:  # whatever the loader stumbles upon
            raise DataError(f"{file} cannot be read as a .ts file: {error}") from error
        if about.get("targetlabel"):
            raise DataError(
                f"{file} has a real value for each sequence, and not classes: that cannot be "
                "learned here."
            )
        series += [np.asarray(one).T for one in found]  # aeon has the channels first
        targets += [str(label) for label in labels]
        split += [name] * len(found)
    arrays = {
        "inputs": np.concatenate(series),
        "lengths": np.array([len(one) for one in series]),
        "targets": np.array(targets),
    }
    return arrays if None in split else {**arrays, "split": np.array(split)}
