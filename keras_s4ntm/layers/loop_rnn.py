"""`LoopRNN`: `keras.layers.RNN` with the loop over time of this package.

Shapes: B batch, T time steps, I inputs.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.layers.arguments import LAYER_ARGUMENTS, RNN_ARGUMENTS, refuse_unknown
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.layers.memory.loop import run_loop
from keras_s4ntm.layers.memory.states import flattened, shaped, where


class LoopRNN(keras.layers.RNN):
    """Base class of recurrent layers.

    What does not depend on the recurrence is computed for all time steps at once, before the loop.

    Args:
        cell: a Keras RNN cell that has

            - `project_inputs(inputs)`: what needs the inputs alone, of one time step or of all;
            - `step(projected, states)`: one time step, `(output, new_states)`, on states with their
              own shapes, the first of which is the previous output;
            - `state_shapes`: a tuple for each state, without the batch.
        segment_length, others: see `MemoryRNN`.
    """

    def __init__(self, cell, *, segment_length="auto", **kwargs):
        refuse_unknown(self, kwargs, (*RNN_ARGUMENTS, *LAYER_ARGUMENTS))
        if segment_length not in ("auto", None):
            check_positive_int("segment_length", segment_length, ", 'auto' or None")
        super().__init__(cell, **kwargs)
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
        return self.run(sequences, initial_state, mask)

    def run(self, sequences, initial_state, mask, constants=(), **given):
        """The cell at every time step. A masked step changes no state.

        Args:
            sequences, initial_state, mask: see the call.
            constants: see `loop` of `backend.time_loop`.
            given: more tensors `(B, T, ...)`, which `loop_step` gets of its time step.

        Returns:
            `(last_output, outputs, states)`.
        """
        # As floats: TensorFlow wants a gradient of all that a recomputed step is given.
        given = {name: ops.cast(values, self.compute_dtype) for name, values in given.items()}
        if mask is not None:
            given["mask"] = ops.cast(ops.expand_dims(mask, -1), self.compute_dtype)

        def project(inputs):
            sequences, given = inputs
            return self.cell.project_inputs(sequences), given

        def step(inputs, states, constants):
            projected, given = inputs[0], dict(inputs[1])
            mask = given.pop("mask", None)
            output, new_states = self.loop_step(projected, states, constants, **given)
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
            constants,
            project,
            self.segment_length,
            unroll=self.unroll,
            return_all_outputs=self.return_sequences,
        )
        return last_output, outputs, flattened(states)

    def loop_step(self, projected, states, constants):
        """One time step of the loop: `(output, new_states)`."""
        return self.cell.step(projected, states)

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
