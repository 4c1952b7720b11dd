"""Data sets of TensorFlow Datasets: read without TensorFlow, or told that it is needed."""

import importlib.util

import numpy as np
import pytest

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks.tfds import columns

pytestmark = pytest.mark.once


class Builder:
    """In the place of one of TFDS, of data that is there."""

    name = "numbers"

    def __init__(self, directory, rows):
        self.data_dir = directory
        self.rows = rows

    def as_data_source(self, split):
        if self.rows is None:
            raise NotImplementedError("Random access data source for file format tfrecord")
        return self.rows[split]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """`columns` of these rows."""
    import tensorflow_datasets as tfds

    def read(rows, split):
        monkeypatch.setattr(tfds, "builder", lambda name: Builder(tmp_path, rows))
        return columns.__wrapped__("numbers", split)

    return read


def test_rows_become_columns(read):
    rows = [{"number": np.array([i, i + 1]), "name": f"{i}".encode()} for i in range(3)]
    table = read({"train": [], "test": rows}, "test")
    assert set(table) == {"number", "name"}
    np.testing.assert_array_equal(table["number"], [[0, 1], [1, 2], [2, 3]])
    assert table["name"].tolist() == [b"0", b"1", b"2"]


def test_a_format_that_only_tensorflow_reads_is_named_where_it_is_missing(read, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install 'keras-s4ntm\[tensorflow\]', or prepare it"):
        read(None, "test")
