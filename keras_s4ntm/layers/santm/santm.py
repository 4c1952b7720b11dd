"""SANTM, the Sparse Access Neural Turing Machine.

Source: Shan, Zhu, Luo 2025, "Sparse access neural Turing machine", Applied Soft Computing 181. The
text is not public; `docs/models.md` says what is theirs and what is ours.
"""

import keras

from keras_s4ntm.layers.arguments import LAYER_ARGUMENTS, refuse_unknown
from keras_s4ntm.layers.file_format import check_format
from keras_s4ntm.layers.santm.arguments import SANTMArguments
from keras_s4ntm.layers.santm.memory import SparseMemory
from keras_s4ntm.layers.santm.segments import SegmentLSTM


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SANTM(keras.layers.Layer):
    """Three levels: segments of the sequence, what came of them, and a memory for it.

        x_t -> h'_t              `SegmentLSTM`: updated where a segment ends
        h'_t -> o_t              `SparseMemory`: a controller and a memory, accessed where the mask
                                 says so

    Which time steps access the memory is a learned mask of `mask_steps` steps, an `AccessMask`. In
    training it is projected to fewer and fewer steps, down to `access_rate`: by `model.fit` with
    the callback `BeginEpochs`. Then the memory's loop runs over these steps alone.

    Args:
        units: H, of the two lower levels. The controller has as many units as the memory is wide.
        return_sequences, segment_length: see `MemoryRNN`.
        **arguments: see `SANTMArguments`.

    Call arguments:
        sequences: `(B, L, I)`; any batch size, any length. After `mask_steps` the mask begins
            again.
        mask: `(B, L)`, boolean. Time goes on at a masked step, and no state but the place changes.
        training: boolean.

    Output shape:
        `(B, L, memory_width)` or, without `return_sequences`, `(B, memory_width)`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> layer = SANTM(32, mask_steps=64, access_rate=0.2, return_sequences=True)
    """

    def __init__(self, units=None, *, return_sequences=False, segment_length="auto", **arguments):
        if units is not None:
            arguments["units"] = units
        names = SANTMArguments.names()
        refuse_unknown(self, arguments, (*names, *LAYER_ARGUMENTS))
        own = {name: arguments.pop(name) for name in names if name in arguments}
        super().__init__(**arguments)
        shared = {"segment_length": segment_length, "dtype": self.dtype_policy}
        self.memory = SparseMemory(
            **own, **shared, return_sequences=return_sequences, name="memory"
        )
        self.arguments = self.memory.cell.own
        self.segments = SegmentLSTM(
            self.arguments.units,
            mask_steps=self.arguments.mask_steps,
            **shared,
            return_sequences=True,
            name="segments",
        )
        self.supports_masking = True

    @property
    def access_mask(self):
        """The `AccessMask`."""
        return self.memory.cell.schedule

    @property
    def figures(self):
        """What the layer says of its work, see `layers.figures`."""
        return self.memory.figures

    def build(self, input_shape):
        self.segments.build(input_shape)
        self.memory.build((*input_shape[:-1], self.arguments.units))
        self.built = True

    def call(self, sequences, mask=None, training=False):
        hidden = self.segments(sequences, mask=mask, training=training)
        return self.memory(hidden, mask=mask, training=training)

    def on_epoch_begin(self, epoch, epochs):
        """See `AccessMask.on_epoch_begin`."""
        return self.access_mask.on_epoch_begin(epoch, epochs)

    def get_initial_state(self, batch_size):
        """The states before a stream: of the lower levels, then of the top level."""
        layers = (self.segments, self.memory)
        return [state for layer in layers for state in layer.get_initial_state(batch_size)]

    def step(self, inputs, states):
        """One time step of a stream; see `MemoryRNN.step`."""
        count = len(self.segments.cell.state_shapes)
        hidden, lower = self.segments.step(inputs, states[:count])
        output, upper = self.memory.step(hidden, states[count:])
        return output, [*lower, *upper]

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask if self.memory.return_sequences else None

    def compute_output_shape(self, input_shape):
        return self.memory.compute_output_shape(input_shape)

    def get_config(self):
        return {**self.memory.get_config(), **super().get_config()}

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))
