"""`MemoryRNN`: any cell with a memory as a Keras layer.

Shapes: B batch, T time steps, I inputs.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.layers.arguments import (
    LAYER_ARGUMENTS,
    RNN_ARGUMENTS,
    check_dtypes,
    refuse_unknown,
)
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.layers.memory.loop import run_loop
from keras_s4ntm.layers.memory.parallel import access_once, run_parallel
from keras_s4ntm.layers.memory.states import flattened, shaped, where


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MemoryRNN(keras.layers.RNN):
    """`keras.layers.RNN` for a `MemoryCell`: a memory network as a layer.

    What does not depend on the recurrence is computed for all time steps at once, before the loop,
    and so is what training draws at random. Where the controller does not see the read vectors, a
    sequence from the initial state needs a loop over the accesses to the memory only. With a mask,
    `initial_state`, `return_state` or `stateful` the controller runs in the loop as well: the same
    outputs, exact states, slower.

    Args:
        cell: a `MemoryCell`.
        return_sequences: whether to return the output of every time step or only of the last one.
        return_state: whether to return the last states as well.
        go_backwards: whether to process the sequence from its end.
        stateful: whether the states after a batch are the initial ones of the next. The first batch
            after `build` or `reset_state` starts from the initial states as the weights then are.
            As in Keras carried states are no weights: they are not saved, and `set_weights` does
            not touch them.
        unroll: whether to unroll the loop over time.
        zero_output_for_mask: whether the output of a masked step is zero, not the previous one.
        segment_length: how many time steps the backward pass recomputes at a time. Only the states
            between two such segments are stored: memory grows with the number of segments, not with
            the length, for one more forward pass. `None`: the states of all steps are stored.
            `"auto"`: the square root of the length, from 256 time steps on. Without effect with
            `unroll` and where the length is unknown.

    Call arguments:
        sequences: `(B, T, I)`; any batch size, any length.
        initial_state: a list of states, as returned with `return_state=True`.
        mask: `(B, T)`, boolean. A masked step leaves every state unchanged.
        training: boolean.

    Output shape:
        `(B, T, output_size)` or, without `return_sequences`, `(B, output_size)`; with
        `return_state` followed by the states. `output_size` follows from `output`, see
        `CellArguments`.

    Example:

    >>> cell = MemoryCell(S4DController(64), DNCAccess(memory_size=64), direct_inputs=True)
    >>> layer = MemoryRNN(cell, return_sequences=True)
    """

    observer = None  # what runs the time steps instead, in plain sight (`analysis/stepping.py`)

    def __init__(self, cell, *, segment_length="auto", **kwargs):
        refuse_unknown(self, kwargs, (*RNN_ARGUMENTS, *LAYER_ARGUMENTS))
        if segment_length not in ("auto", None):
            check_positive_int("segment_length", segment_length, ", 'auto' or None")
        super().__init__(cell, **kwargs)
        check_dtypes(self, cell)
        self.segment_length = segment_length

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape, initial_state_shape)
        if self.stateful:  # past Keras, which would take the variable for a weight
            carried = keras.Variable(False, trainable=False, dtype="bool", name="carried")
            object.__setattr__(self, "carried", carried)

    @property
    def variables(self):
        """Beside weights and seeds what is carried: JAX keeps nothing else from batch to batch."""
        variables = super().variables
        return [*variables, *self.states, self.carried] if self.states else variables

    def call(self, sequences, initial_state=None, mask=None, training=False):
        self.exact_states = initial_state is not None or self.stateful or self.return_state
        if self.cell.schedule.once:
            if self.exact_states:
                raise ValueError(
                    "access_interval='sequence' has no states to give, to return or to keep."
                )
            once = access_once if self.observer is None else self.observer.access_once
            return once(self, sequences, mask, training)
        if not self.stateful:
            return super().call(sequences, initial_state, mask, training)
        if initial_state is None:
            initial_state = self.carried_state()
        results = super().call(sequences, initial_state, mask, training)
        self.carried.assign(True)
        return results

    def carried_state(self):
        """What a stateful layer starts from: the last states, or where there are none the cell's
        initial ones. Those saved at `build` would be of weights that may have been set since.
        """
        first = ops.logical_not(self.carried.value)
        initial = self.get_initial_state(self.states[0].shape[0])
        return [ops.where(first, a, b.value) for a, b in zip(initial, self.states, strict=True)]

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if self.observer is not None:
            return self.observer.loop(sequences, initial_state, mask)
        if self.runs_in_parallel(mask):
            access_state = initial_state[-len(self.cell.access.state_shapes) :]
            return run_parallel(self, sequences, access_state, training)
        return self.loop(sequences, initial_state, mask, training)

    def runs_in_parallel(self, mask):
        """Whether the controller's outputs of all time steps are computed at once."""
        return self.cell.controller.parallel and not self.exact_states and mask is None

    def loop(self, sequences, initial_state, mask, training):
        """All of the cell at every time step. A masked step changes no state."""
        given = {"mask": None if mask is None else ops.expand_dims(mask, -1)}
        if training:
            batch, time = ops.shape(sequences)[:2]
            given["access_mask"] = self.cell.schedule.random_mask(batch, time)
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
            projected, given = inputs[0], dict(inputs[1])
            if "access_mask" in given:
                given["access_mask"] = given["access_mask"] > 0.5
            mask = given.pop("mask", None)
            output, new_states, _ = self.cell.step(projected, states, constants=constants, **given)
            if mask is None:
                return output, new_states
            return self.masked(mask > 0.5, output, new_states, states)

        inputs = (sequences, given)
        if self.go_backwards:
            inputs = keras.tree.map_structure(lambda x: ops.flip(x, axis=1), inputs)
        last_output, outputs, states = run_loop(
            self,
            step,
            inputs,
            shaped(initial_state, self.cell.state_shapes),
            self.cell.weights,
            self.cell.controller.constants(),
            project,
            self.segment_length,
            unroll=self.unroll,
            return_all_outputs=self.return_sequences,
        )
        return last_output, outputs, flattened(states)

    def masked(self, mask, output, new_states, states):
        """`(output, states)` of a time step where the mask `(B, 1)` is true; elsewhere the states
        stay what they were.
        """
        otherwise = ops.zeros_like(output) if self.zero_output_for_mask else states[0]
        return ops.where(mask, output, otherwise), [
            where(mask, new, old) for new, old in zip(new_states, states, strict=True)
        ]

    def step(self, inputs, states):
        """One time step of a stream.

        Args:
            inputs: `(B, I)`.
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
            self.carried.assign(False)

    def get_config(self):
        return with_format({**super().get_config(), "segment_length": self.segment_length})

    @classmethod
    def from_config(cls, config):
        return super().from_config(check_format(cls, config))
