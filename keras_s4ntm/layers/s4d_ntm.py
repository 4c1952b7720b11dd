"""S4D-NTM: state space features of the whole sequence drive the heads of a live memory.

Source of the idea: Erekmen and Bünning 2024, "NTM-S4D". There the memory is read before anything
is written and is touched once a sequence, so that it never receives a gradient. Here the heads
write, then read, at every step (or every k-th), from features that are computed for all time steps
in parallel by FFT; only the memory is recurrent.

Shapes: B batch, T time steps, I inputs, H units, N memory slots, M their width, R read heads.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_choice, check_positive_int
from keras_s4ntm.layers.access import MemoryAccess
from keras_s4ntm.layers.controllers import input_initializer
from keras_s4ntm.layers.ntm import ACCESS_ARGUMENTS, OUTPUTS
from keras_s4ntm.layers.recurrent import MemoryRNN, run_loop
from keras_s4ntm.layers.s4d import S4DBlock


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTMCell(keras.layers.Layer):
    """One time step of an S4D-NTM; a Keras RNN cell, in which S4D runs recurrently.

    `S4DNTM` uses it step by step for streams, masks and given states, and its parts for whole
    sequences.

    Args:
        units: H, the channels of the state space features.
        blocks: how many `S4DBlock` there are, one on the other.
        state_dimension, dt_min, dt_max, dropout: see `S4DBlock`. The step sizes are larger than
            is usual for S4D: a marker, one event at one step, enters a state with a gain
            proportional to dt, and what it says must hold against the inputs of every step.
        memory_size, memory_width, read_heads, write_heads, shift_range, order,
            memory_initializer, learn_initial_memory: see `MemoryAccess`.
        output: `"reads"`: the read vectors, `R * M` numbers. `"all"`: the features, then the
            read vectors.

    Call arguments:
        inputs: `(B, I)`.
        states: flat tensors: the previous output; two of each block; the memory `(B, N*M)`; the
            head weights, write heads first; the read vectors `(B, R*M)`.

    Returns:
        `(output, new_states)`.
    """

    def __init__(
        self,
        units=64,
        blocks=1,
        state_dimension=64,
        dt_min=1e-2,
        dt_max=1.0,
        dropout=0.0,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        output="reads",
        order="write-first",
        memory_initializer=1e-6,
        learn_initial_memory=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.output_argument = check_choice("output", output, OUTPUTS)
        self.blocks = [
            S4DBlock(
                units,
                state_dimension,
                dt_min=dt_min,
                dt_max=dt_max,
                dropout=dropout,
                name=f"block_{i}",
                dtype=self.dtype_policy,
            )
            for i in range(check_positive_int("blocks", blocks))
        ]
        self.access = MemoryAccess(
            memory_size,
            memory_width,
            read_heads,
            write_heads,
            shift_range,
            order,
            memory_initializer,
            learn_initial_memory,
            name="access",
            dtype=self.dtype_policy,
        )
        self.output_size = self.access.read_size + (units if output == "all" else 0)
        self.block_state_size = [size for block in self.blocks for size in block.state_size]
        self.state_size = [self.output_size, *self.block_state_size, *self.access.state_size]

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=input_initializer(),
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        for block in self.blocks:
            block.build((None, None, self.units))
        self.access.build((None, self.units + input_shape[-1]))
        self.built = True

    def get_initial_state(self, batch_size):
        return [
            ops.zeros((batch_size, self.output_size), self.compute_dtype),
            *(s for block in self.blocks for s in block.get_initial_state(batch_size)),
            *self.access.get_initial_state(batch_size),
        ]

    def encode(self, inputs):
        """The inputs as H channels, for one time step or for all of them."""
        return ops.matmul(inputs, self.kernel) + self.bias

    def features(self, inputs, training=False):
        """The features of a whole sequence: `(B, T, I)` to `(B, T, H)`."""
        hidden = self.encode(inputs)
        for block in self.blocks:
            hidden = block(hidden, training=training)
        return hidden

    def project(self, features, inputs):
        """What drives the heads, for one time step or for all: features and inputs together."""
        return self.access.project(ops.concatenate([features, inputs], axis=-1))

    def output(self, features, reads):
        """The output, for one time step or for all."""
        if self.output_argument == "reads":
            return reads
        return ops.concatenate([features, reads], axis=-1)

    def project_inputs(self, inputs):
        return inputs

    def step(self, inputs, states):
        """One time step, S4D run recurrently: `(output, new_states)`."""
        block_states, access_states = list(states[1:-3]), list(states[-3:])
        hidden, new_states = self.encode(inputs), []
        for block in self.blocks:
            hidden, state = block.step(hidden, block_states[:2])
            new_states += [ops.cast(s, self.compute_dtype) for s in state]
            block_states = block_states[2:]
        access_states = self.access.step(self.project(hidden, inputs), access_states)
        output = self.output(hidden, access_states[-1])
        return output, [output, *new_states, *access_states]

    def call(self, inputs, states, training=None):
        return self.step(inputs, states)

    def get_config(self):
        access, block = self.access.get_config(), self.blocks[0].get_config()
        return {
            **super().get_config(),
            "units": self.units,
            "blocks": len(self.blocks),
            "output": self.output_argument,
            **{key: block[key] for key in ("state_dimension", "dt_min", "dt_max", "dropout")},
            **{key: access[key] for key in ACCESS_ARGUMENTS},
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTM(MemoryRNN):
    """S4D-NTM; behaves like `keras.layers.LSTM`.

    A whole sequence from the initial state is computed in parallel but for the memory. With a
    mask, with `initial_state`, `return_state` or `stateful`, S4D runs in the loop as well: the
    same outputs, exact states, slower.

    Args:
        units, blocks, state_dimension, dt_min, dt_max, dropout, memory_size, memory_width,
            read_heads, write_heads, shift_range, output, order, memory_initializer,
            learn_initial_memory: see `S4DNTMCell`.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: as
            in `keras.layers.LSTM`.

    Call arguments:
        sequences: `(B, T, I)`; any batch size, any length.
        initial_state: a list of states, as returned with `return_state=True`.
        mask: `(B, T)`, boolean. A masked step leaves every state unchanged.
        training: boolean.

    Output shape:
        `(B, T, output_size)` or, without `return_sequences`, `(B, output_size)`; with
        `return_state` followed by the states. `output_size` is `R * M`; with `output="all"`
        plus `units`.
    """

    def __init__(
        self,
        units=64,
        blocks=1,
        state_dimension=64,
        dt_min=1e-2,
        dt_max=1.0,
        dropout=0.0,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        output="reads",
        order="write-first",
        memory_initializer=1e-6,
        learn_initial_memory=False,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        **kwargs,
    ):
        cell = S4DNTMCell(
            units,
            blocks,
            state_dimension,
            dt_min,
            dt_max,
            dropout,
            memory_size,
            memory_width,
            read_heads,
            write_heads,
            shift_range,
            output,
            order,
            memory_initializer,
            learn_initial_memory,
            name="cell",
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )

    def call(self, sequences, initial_state=None, mask=None, training=False):
        self.exact_states = initial_state is not None or self.stateful or self.return_state
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if self.exact_states or mask is not None:
            return super().inner_loop(sequences, initial_state, mask, training)
        cell = self.cell
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
        features = cell.features(sequences, training)
        memory, weights, reads = initial_state[-3:]

        def step(projection, states):
            reads, *rest = states
            *rest, reads = cell.access.step(projection, [*rest, reads])
            return reads, [reads, *rest]

        last, outputs, states = run_loop(
            step,
            cell.project(features, sequences),
            [reads, memory, weights],
            unroll=self.unroll,
            return_all_outputs=self.return_sequences,
        )
        if self.return_sequences:
            outputs = cell.output(features, outputs)
        last = cell.output(features[:, -1], last)
        return last, outputs, states
