"""`MemoryRNN`: any cell with a memory as a Keras layer.

Shapes: B batch, T time steps, I inputs.
"""

import keras
from keras import ops

from keras_s4ntm.layers.arguments import check_dtypes
from keras_s4ntm.layers.loop_rnn import LoopRNN
from keras_s4ntm.layers.memory.parallel import access_once, run_parallel


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MemoryRNN(LoopRNN):
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

    def __init__(self, cell, **kwargs):
        super().__init__(cell, **kwargs)
        check_dtypes(self, cell)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        self.exact_states = initial_state is not None or self.stateful or self.return_state
        if self.cell.schedule.once:
            if self.exact_states:
                raise ValueError(
                    "access_interval='sequence' has no states to give, to return or to keep."
                )
            once = access_once if self.observer is None else self.observer.access_once
            return once(self, sequences, mask, training)
        return super().call(sequences, initial_state, mask, training)

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
        """All of the cell at every time step."""
        given = {}
        if training:
            batch, time = ops.shape(sequences)[:2]
            given["access_mask"] = self.cell.schedule.random_mask(batch, time)
            given["noise"] = self.cell.access.draw_noise(batch, time)
        given = {name: values for name, values in given.items() if values is not None}
        return self.run(sequences, initial_state, mask, self.cell.controller.constants(), **given)

    def loop_step(self, projected, states, constants, access_mask=None, **given):
        if access_mask is not None:
            given["access_mask"] = access_mask > 0.5
        output, states, _ = self.cell.step(projected, states, constants=constants, **given)
        return output, states
