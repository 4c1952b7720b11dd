"""A trace survives its file, and a file that is damaged or hostile is refused in a sentence."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from keras_s4ntm.analysis import Trace
from keras_s4ntm.errors import S4NTMError

pytestmark = pytest.mark.once
B, T, N, M, R, W, S = 2, 3, 5, 4, 2, 1, 1
SHAPES = {
    "inputs": (B, T, 6),
    "outputs": (B, T, 8),
    "controller_outputs": (B, T, 7),
    "memory": (B, T + 1, N, M),
    "read_vectors": (B, T, R, M),
    "read_weights": (B, T, R, N),
    "write_weights": (B, T, W, N),
    "keys": (B, T, W + R, M),
    "shift_weights": (B, T, W + R, 2 * S + 1),
    "something_else": (B, T, 9),
}
ABOUT = {"access": "ntm", "model": "ntm", "memory_size": N}


@pytest.fixture
def arrays(rng):
    arrays = {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
    return {**arrays, "accessed": np.ones((B, T), "bool"), "targets": np.zeros(B, "int32")}


@pytest.fixture
def path(tmp_path, arrays):
    path = tmp_path / "there" / "trace.npz"
    Trace(arrays, ABOUT).save(path)
    return path


def written(path, arrays, about=ABOUT):
    """The path of a file with these contents."""
    np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)
    return path


def refused(path, match):
    with pytest.raises(S4NTMError, match=match) as caught:
        Trace.load(path)
    assert len(str(caught.value).splitlines()) == 1


def test_arrays_and_what_they_are_of_survive_the_file(path, arrays):
    assert [p.name for p in path.parent.iterdir()] == ["trace.npz"]  # nothing temporary
    trace = Trace.load(path)
    assert trace.about == ABOUT
    assert set(trace.arrays) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(trace.arrays[name], array)
        assert trace.arrays[name].dtype == array.dtype
    assert trace.memory is trace.arrays["memory"]
    assert "read_weights" in dir(trace)
    with pytest.raises(AttributeError, match=r"has no 'usage'\. It has .*memory"):
        _ = trace.usage
    assert pickle.loads(pickle.dumps(trace)).about == ABOUT


def test_some_sequences_of_a_trace_are_a_trace(path, arrays):
    trace = Trace.load(path)
    for chosen, number in ((0, 1), (slice(None, None, -1), 2), ([1], 1)):
        some = trace.take(chosen)
        assert {len(array) for array in some.arrays.values()} == {number}
    np.testing.assert_array_equal(trace.take(1).memory[0], arrays["memory"][1])


def test_a_file_that_cannot_be_written_is_said(tmp_path, arrays):
    (tmp_path / "file").write_text("")
    with pytest.raises(S4NTMError, match="cannot be written"):
        Trace(arrays, ABOUT).save(tmp_path / "file" / "trace.npz")


def test_a_missing_file_says_what_writes_one(tmp_path):
    refused(tmp_path / "none.npz", "none.npz is not there. `s4ntm trace RUN` writes traces.")


@pytest.mark.parametrize("name", ["memory", "accessed", "outputs"])
def test_an_array_that_is_missing_is_named(tmp_path, arrays, name):
    del arrays[name]
    refused(written(tmp_path / "x.npz", arrays), f"damaged: it has no {name}")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("memory", (B, T, N, M)),
        ("memory", (B, T + 1, N)),
        ("read_weights", (B, T, R, N + 1)),
        ("keys", (B, T, W + R + 1, M)),
        ("shift_weights", (B, T, W + R, 2)),
        ("targets", (B + 1,)),
        ("something_else", (B,)),
        ("inputs", ()),
    ],
    ids=str,
)
def test_a_shape_that_does_not_fit_the_others_is_refused(tmp_path, arrays, name, shape):
    arrays[name] = np.zeros(shape, "float32")
    refused(written(tmp_path / "x.npz", arrays), "has the shape")


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]", "V4"])
def test_what_are_no_numbers_is_refused(tmp_path, arrays, dtype):
    arrays["memory"] = np.zeros((B, T + 1, N, M), dtype)
    refused(written(tmp_path / "x.npz", arrays), "memory.npy holds no numbers")


class Exploit:
    def __reduce__(self):
        return pytest.fail, ("code of the file was executed",)


def test_objects_in_a_file_are_refused_and_their_code_is_not_run(tmp_path, arrays):
    arrays["memory"] = np.array([Exploit()], dtype=object)
    refused(written(tmp_path / "x.npz", arrays), "memory.npy holds no numbers")
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Exploit()))
    refused(tmp_path / "y.npz", "y.npz is no trace")


def test_one_array_alone_is_no_trace(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    refused(tmp_path / "x.npy", "x.npy is no trace")


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100000], ids=["list", "broken", "nested"])
def test_what_is_said_about_the_network_is_a_dictionary(tmp_path, arrays, text):
    np.savez(tmp_path / "x.npz", about=np.array(text), **arrays)
    refused(tmp_path / "x.npz", "x.npz is no trace")


def member(shape, data=b""):
    """An array's file that says that it has this shape."""
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + data


def test_an_array_that_claims_to_be_larger_than_its_file_is_refused_unread(path):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("surprise.npy", member((10**6, 10**9)))
    refused(path, "surprise.npy is not as large as it says")


def test_a_file_that_unpacks_to_gigabytes_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr("keras_s4ntm.analysis.trace_file.LARGEST", 2**20)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("surprise.npy", member((B, T, 2**18), bytes(4 * B * T * 2**18)))
    assert path.stat().st_size < 2**16
    refused(path, "it holds more than")


def test_a_file_with_any_byte_damaged_is_read_as_it_was_or_refused(path, arrays, rng):
    good = path.read_bytes()
    for place in rng.integers(0, len(good), 300):
        damaged = bytearray(good)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            trace = Trace.load(path)
        except S4NTMError:
            continue
        for name in set(arrays) & set(trace.arrays):
            np.testing.assert_array_equal(trace.arrays[name], arrays[name])
    for length in rng.integers(0, len(good), 30):
        path.write_bytes(good[:length])
        refused(path, "is no trace, or it is damaged")
