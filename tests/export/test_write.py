"""A file gets its name once it gives what the Keras model gives."""

import keras
import numpy as np
import pytest

from keras_s4ntm.errors import BackendError, S4NTMError
from keras_s4ntm.export import export_onnx, export_saved_model
from keras_s4ntm.export.write import write_and_compare

SAMPLE = np.ones((2, 3, 4), "float32")


def model():
    return keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(4)])


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow exports")
@pytest.mark.parametrize("export", [export_saved_model, export_onnx])
def test_another_backend_than_tensorflow_is_refused(export, tmp_path):
    with pytest.raises(BackendError, match="KERAS_BACKEND=tensorflow"):
        export(model(), tmp_path / "exported", SAMPLE)
    assert list(tmp_path.iterdir()) == []


def test_what_gives_the_outputs_of_the_model_is_written_and_nothing_is_replaced(tmp_path):
    plain, output = model(), tmp_path / "new" / "exported"
    expected = keras.ops.convert_to_numpy(plain(SAMPLE))

    def run(path, inputs):
        assert path.read_text() == "weights"
        assert not output.exists()
        yield expected
        yield expected + 1e-4

    def export():
        return write_and_compare(plain, output, SAMPLE, lambda p: p.write_text("weights"), run)

    assert export() == pytest.approx(1e-4, rel=0.01)
    assert list(output.parent.iterdir()) == [output]
    with pytest.raises(S4NTMError, match="exists already"):
        export()


@pytest.mark.parametrize("directory", [False, True])
@pytest.mark.parametrize(
    "wrong", [lambda y: y + 2e-3, lambda y: y * np.nan, lambda y: y[:, -1:], lambda y: y[:, -1]]
)
def test_what_gives_other_outputs_leaves_nothing_behind(wrong, directory, tmp_path):
    plain = model()
    expected = keras.ops.convert_to_numpy(plain(SAMPLE))

    def write(path):
        path.mkdir() if directory else path.write_text("weights")

    def run(path, inputs):
        yield expected
        yield wrong(expected)

    with pytest.raises(S4NTMError, match="differs from the Keras model"):
        write_and_compare(plain, tmp_path / "exported", SAMPLE, write, run)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_nothing_behind(tmp_path):
    def write(path):
        path.write_text("half of the weights")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_and_compare(model(), tmp_path / "exported", SAMPLE, write, lambda *_: [])
    assert list(tmp_path.iterdir()) == []
