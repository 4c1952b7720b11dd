"""Models as a SavedModel, which serves without Keras and without this package."""

import keras
import numpy as np

from keras_s4ntm.export.stream import Stream
from keras_s4ntm.export.write import check_backend, write_and_compare


def export_saved_model(model, output, sample, streamable=True):
    """Write a SavedModel with the signatures `serve`, `step` and `initial_state`.

    - `serve(inputs)`: `(B, T, input_size)` to the logits, `(B, T, output_size)` of bits and
      tokens or `(B, output_size)` of classes.
    - `initial_state(batch_size)`: `{"state_0": ..., ...}`.
    - `step(inputs, state_0, ...)`: `(B, input_size)` to `{"outputs": ..., "state_0": ...}`.

    Args:
        model: a Keras model on the TensorFlow backend.
        output: the directory to write; it must not exist.
        sample: `(B, T, input_size)`, the inputs that the forms are compared on.
        streamable: whether the model runs one time step at a time (`Model.is_streamable`). One
            that does not has the signature `serve` only.

    Returns:
        The largest absolute difference between the outputs of the SavedModel, whole sequences and
        step by step, and those of the Keras model.

    Raises:
        BackendError: the backend is not TensorFlow.
        S4NTMError: `output` exists, or the outputs differ by more than rounding.
    """
    check_backend()
    import tensorflow as tf

    size = model.input_shape[-1]
    stream = _Streaming(model, size) if streamable else None

    def write(path):
        archive = keras.export.ExportArchive()
        archive.track(model)
        signature = [tf.TensorSpec((None, None, size), "float32", "inputs")]
        archive.add_endpoint("serve", model.call, signature)
        if stream:
            archive.add_endpoint("step", stream.step, stream.step_signature)
            batch_size = tf.TensorSpec((), "int32")
            archive.add_endpoint("initial_state", stream.initial_state, [batch_size])
        archive.write_out(str(path), verbose=False)

    def run(path, inputs):
        loaded = tf.saved_model.load(str(path))
        yield loaded.serve(inputs).numpy()
        if stream:
            outputs = stream.run(loaded, inputs)
            yield np.stack(outputs, axis=1) if len(model.output_shape) == 3 else outputs[-1]

    return write_and_compare(model, output, sample, write, run)


class _Streaming:
    """The signatures of a stream, whose states have names."""

    def __init__(self, model, input_size):
        import tensorflow as tf

        self.stream = Stream(model)
        states = self.stream.initial_state(1)
        self.names = [f"state_{i}" for i in range(len(states))]
        self.step_signature = [
            tf.TensorSpec((None, input_size), "float32", "inputs"),
            *(
                tf.TensorSpec((None, state.shape[-1]), state.dtype, name)
                for name, state in zip(self.names, states, strict=True)
            ),
        ]

    def initial_state(self, batch_size):
        return dict(zip(self.names, self.stream.initial_state(batch_size), strict=True))

    def step(self, inputs, *states):
        outputs, states = self.stream.step(inputs, states)
        return {"outputs": outputs, **dict(zip(self.names, states, strict=True))}

    def run(self, loaded, inputs):
        """The outputs of a SavedModel, a list with one array a time step."""
        states, outputs = loaded.initial_state(len(inputs)), []
        for x in np.moveaxis(inputs, 1, 0):
            states = loaded.step(x, *(states[name] for name in self.names))
            outputs.append(states["outputs"].numpy())
        return outputs
