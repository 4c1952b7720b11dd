"""The loop over time that every memory network of this package shares."""

import keras
from keras import ops
from keras.src import backend

from keras_s4ntm.backend import loop_step


def run_loop(step, sequences, states, variables=(), constants=(), **options):
    """`step` at every time step of `sequences`: Keras' own recurrent loop.

    `step`, `variables` and `constants` are those of `loop_step`. The first state must be the
    previous output: masking on JAX relies on it.

    Returns:
        `(last_output, outputs, states)`.
    """
    length = keras.tree.flatten(sequences)[0].shape[1]
    step = loop_step(step, variables, constants)
    return backend.rnn(step, sequences, states, input_length=length, **options)


class MemoryRNN(keras.layers.RNN):
    """`keras.layers.RNN` for cells with `project_inputs`, `step`, `schedule` and `access`.

    `cell.project_inputs` runs once, for all time steps, before the loop; only `cell.step` runs
    inside it. What training draws at random is drawn before the loop as well. A subclass makes
    its cell from its own arguments.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        def step(inputs, states, constants, **drawn):
            return self.cell.step(inputs, states, **drawn)

        return self.loop(step, sequences, initial_state, mask, training)

    def loop(self, cell_step, sequences, initial_state, mask, training, constants=()):
        """`cell_step(inputs, states, constants, **drawn)` at every time step; what is drawn at
        random is `touch` and `noise`, see `MemoryCell.step`.
        """
        inputs, drawn, step = self.cell.project_inputs(sequences), {}, cell_step
        if training:
            batch, time = ops.shape(sequences)[:2]
            drawn = {
                "touch": self.cell.schedule.draw(batch, time),
                "noise": self.cell.access.draw_noise(batch, time),
            }
            drawn = {name: values for name, values in drawn.items() if values is not None}
        if drawn:
            inputs = (inputs, *drawn.values())

            def step(inputs, states, constants):
                inputs, *values = inputs
                values = dict(zip(drawn, values, strict=True))
                if "touch" in values:
                    values["touch"] = values["touch"] > 0.5
                return cell_step(inputs, states, constants, **values)

        return run_loop(
            step,
            inputs,
            initial_state,
            self.cell.trainable_variables,
            constants,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )

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
        return {**cell, **config}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
