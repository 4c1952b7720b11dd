"""The loop over time that every memory network of this package shares."""

import math

import keras
from keras import ops

from keras_s4ntm.backend import loop, recomputed, rnn
from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.layers.states import flattened, shaped, where

LONG = 256  # time steps from which on the loop runs in segments


def run_loop(
    layer,
    step,
    sequences,
    states,
    variables=(),
    constants=(),
    project=None,
    segment_length="auto",
    **options,
):
    """`step` at every time step, in segments where that is wanted.

    Args:
        layer, step, variables, constants: see `loop`. The first state is the previous output.
        sequences: a nest of tensors `(B, T, ...)`.
        states: the first ones.
        project: what makes of `sequences` the inputs of `step`, for many time steps at once.
        segment_length: see `MemoryRNN`.
        options: `unroll` and `return_all_outputs`.

    Returns:
        `(last_output, outputs, states)`.
    """
    length = keras.tree.flatten(sequences)[0].shape[1]
    if length is None or options.get("unroll"):
        segment_length = None
    elif segment_length == "auto":
        segment_length = round(math.sqrt(length)) if length >= LONG else None
    if segment_length and segment_length < length:
        return run_segments(
            layer, step, sequences, states, variables, constants, project, segment_length, **options
        )
    inputs = project(sequences) if project else sequences
    return loop(layer, step, inputs, states, variables, constants, **options)


def run_segments(
    layer, step, sequences, states, variables, constants, project, segment_length, **options
):
    """As `run_loop`, but for the backward pass only the states between two segments are stored.

    It runs one segment after the other once more, `project` included, and stores its states for
    that long: of T steps in segments of sqrt(T) there are 2 sqrt(T) states at a time, not T.
    """
    length = keras.tree.flatten(sequences)[0].shape[1]
    count = length // segment_length
    whole = count * segment_length

    def in_segments(x):
        return ops.reshape(x[:, :whole], (-1, count, segment_length, *x.shape[2:]))

    def plain(sequences, states, constants):
        return run_loop(
            layer, step, sequences, states, variables, constants, project, None, **options
        )

    def segment(sequences, states, constants):
        _, outputs, states = plain(sequences, states, constants)
        return ops.reshape(outputs, (-1, math.prod(outputs.shape[1:]))), states

    _, outputs, states = rnn(
        recomputed(segment, variables, constants),
        keras.tree.map_structure(in_segments, sequences),
        states,
        **options,
    )
    outputs = ops.reshape(outputs, (ops.shape(outputs)[0], -1, states[0].shape[-1]))
    if length > whole:
        rest = keras.tree.map_structure(lambda x: x[:, whole:], sequences)
        _, more, states = plain(rest, states, constants)
        outputs = ops.concatenate([outputs, more], axis=1)
    if not options.get("return_all_outputs", True):
        outputs = outputs[:, -1:]
    return outputs[:, -1], outputs, states


class MemoryRNN(keras.layers.RNN):
    """`keras.layers.RNN` for cells with `project_inputs`, `step`, `state_shapes`, `schedule` and
    `access`.

    `cell.project_inputs` runs once, for all time steps, before the loop; only `cell.step` runs
    inside it. What training draws at random is drawn before the loop as well. A subclass makes
    its cell from its own arguments.

    Args:
        cell: the cell.
        segment_length: see `NTM`.
        kwargs: see `keras.layers.RNN`.
    """

    def __init__(self, cell, segment_length="auto", **kwargs):
        if segment_length not in ("auto", None):
            check_positive_int("segment_length", segment_length, ", 'auto' or None")
        super().__init__(cell, **kwargs)
        self.segment_length = segment_length

    def inner_loop(self, sequences, initial_state, mask, training=False):
        def step(inputs, states, constants, **drawn):
            return self.cell.step(inputs, states, **drawn)

        return self.loop(step, sequences, initial_state, mask, training)

    def loop(self, cell_step, sequences, initial_state, mask, training, constants=()):
        """`cell_step(inputs, states, constants, **drawn)` at every time step; what is drawn at
        random is `touch` and `noise`, see `MemoryCell.step`. A masked step changes no state.
        """
        given = {"mask": None if mask is None else ops.expand_dims(mask, -1)}
        if training:
            batch, time = ops.shape(sequences)[:2]
            given["touch"] = self.cell.schedule.draw(batch, time)
            given["noise"] = self.cell.access.draw_noise(batch, time)
        # As floats: TensorFlow wants a gradient of all that a recomputed step is given.
        given = {
            name: ops.cast(values, self.compute_dtype)
            for name, values in given.items()
            if values is not None
        }

        def project(inputs):
            sequences, given = inputs
            return self.cell.project_inputs(sequences), given

        def step(inputs, states, constants):
            inputs, drawn = inputs[0], dict(inputs[1])
            if "touch" in drawn:
                drawn["touch"] = drawn["touch"] > 0.5
            mask = drawn.pop("mask", None)
            output, new_states = cell_step(inputs, states, constants, **drawn)
            if mask is None:
                return output, new_states
            masked = ops.zeros_like(output) if self.zero_output_for_mask else states[0]
            return ops.where(mask > 0.5, output, masked), [
                where(mask > 0.5, new, old) for new, old in zip(new_states, states, strict=True)
            ]

        inputs = (sequences, given)
        if self.go_backwards:
            inputs = keras.tree.map_structure(lambda x: ops.flip(x, axis=1), inputs)
        last_output, outputs, states = run_loop(
            self,
            step,
            inputs,
            shaped(initial_state, self.cell.state_shapes),
            self.cell.weights,
            constants,
            project,
            self.segment_length,
            unroll=self.unroll,
            return_all_outputs=self.return_sequences,
        )
        return last_output, outputs, flattened(states)

    def step(self, inputs, states):
        """One time step of a stream.

        Args:
            inputs: `(B, input_size)`.
            states: the states after the step before; at first `get_initial_state(B)`.

        Returns:
            `(output, states)`; step by step the same outputs as the whole sequence gives.
        """
        return self.cell(inputs, states)

    def reset_state(self):
        """A stateful layer returns to the cell's *initial* states (Keras itself writes zeros)."""
        if self.states is not None:
            initial = self.get_initial_state(self.states[0].shape[0])
            for variable, value in zip(self.states, initial, strict=True):
                variable.assign(value)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        cell = self.cell.get_config()
        return {**cell, **config, "segment_length": self.segment_length}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
