"""S4D-NTM: state space features of the whole sequence drive the heads of a live memory.

Source of the idea: Erekmen and Bünning 2024, "NTM-S4D". There the memory is read before anything
is written and is touched once a sequence, so that it never receives a gradient. Here the heads
write, then read, at every step (or every k-th), from features that are computed for all time steps
in parallel by FFT; only the memory is recurrent.

Shapes: B batch, T time steps, I inputs, H units, N memory slots, M their width, R read heads.
"""

import keras
import numpy as np
from keras import ops

from keras_s4ntm.checks import check_choice, check_positive_int
from keras_s4ntm.layers.access import MemoryAccess
from keras_s4ntm.layers.controllers import input_initializer
from keras_s4ntm.layers.recurrent import MemoryRNN, run_loop
from keras_s4ntm.layers.s4d import S4DBlock
from keras_s4ntm.layers.schedule import AccessSchedule
from keras_s4ntm.layers.states import flattened, shaped, sizes_of


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTMCell(keras.layers.Layer):
    """One time step of an S4D-NTM; a Keras RNN cell, in which S4D runs recurrently.

    `S4DNTM` uses it step by step for streams, masks, given states and read feedback, and its parts
    for whole sequences.

    Args:
        units: H, the channels of the state space features.
        blocks: how many `S4DBlock` there are, one on the other.
        state_dimension, dt_min, dt_max, dropout: see `S4DBlock`. The step sizes are larger than
            is usual for S4D: a marker, one event at one step, enters a state with a gain
            proportional to dt; and a mode forgets within 2 / dt steps, while one slower than the
            sequences of training are long would drift on longer ones.
        memory_size, memory_width, read_heads, write_heads, shift_range, order,
            memory_initializer, learn_initial_memory, initial_heads, head_noise: see
            `MemoryAccess`.
            With `access_interval="sequence"` the memory is random at first, and learned: the one
            access can find by content only what was there before.
        output: `"reads"`: the read vectors, `R * M` numbers. `"recent-reads"`: those of this step,
            then those of the step before: what is looked up may be given at once or one step
            later (README, "Copy"). `"all"`: the features, then the read vectors.
        access_interval: k: the heads touch the memory at every k-th step. `"sequence"`: once,
            driven by the mean of all features (the published variant 2; `S4DNTM` only).
        access_probability: below 1: at random steps in training, see `AccessSchedule`.
        read_feedback: whether the read vectors of the step before enter the state spaces (the
            published variant 1). Everything is then recurrent.
        head_inputs: what drives the heads beside the inputs themselves: `"features"`, or `"state"`:
            magnitude and phase of the last block's state, with `read_feedback` only.

    Call arguments:
        inputs: `(B, I)`.
        states: flat tensors: the previous output; the steps since the last access, where not all
            steps touch the memory; two of each block; the memory `(B, N*M)`; the head weights,
            write heads first; the read vectors `(B, R*M)`.

    Returns:
        `(output, new_states)`.
    """

    def __init__(
        self,
        units=64,
        blocks=1,
        state_dimension=64,
        dt_min=0.1,
        dt_max=1.0,
        dropout=0.0,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        output="reads",
        order="write-first",
        memory_initializer=None,
        learn_initial_memory=None,
        initial_heads="first",
        head_noise=0.0,
        access_interval=1,
        access_probability=1.0,
        read_feedback=False,
        head_inputs="features",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.output_argument = check_choice("output", output, ("reads", "recent-reads", "all"))
        self.access_interval = access_interval
        self.once = access_interval == "sequence"
        self.schedule = AccessSchedule(
            1 if self.once else access_interval, access_probability, name="schedule"
        )
        self.read_feedback = bool(read_feedback)
        self.head_inputs = check_choice("head_inputs", head_inputs, ("features", "state"))
        if head_inputs == "state" and not read_feedback:
            raise ValueError(
                "head_inputs='state' needs read_feedback=True: without it the features come from "
                "an FFT, which never computes the states."
            )
        if self.once and (read_feedback or access_probability < 1):
            raise ValueError(
                "access_interval='sequence' touches the memory once, after all features: leave "
                "out read_feedback and access_probability."
            )
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
        if memory_initializer is None:
            memory_initializer = "random_normal" if self.once else 1e-6
        if learn_initial_memory is None:
            learn_initial_memory = self.once
        self.access = MemoryAccess(
            memory_size,
            memory_width,
            read_heads,
            write_heads,
            shift_range,
            order,
            memory_initializer,
            learn_initial_memory,
            initial_heads,
            head_noise,
            name="access",
            dtype=self.dtype_policy,
        )
        more = {"reads": 0, "recent-reads": self.access.read_size, "all": units}
        self.output_size = self.access.read_size + more[output]
        sizes = [
            self.output_size,
            *self.schedule.state_size,
            *(size for block in self.blocks for size in block.state_size),
        ]
        self.state_shapes = [(size,) for size in sizes] + self.access.state_shapes
        self.state_size = sizes_of(self.state_shapes)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=input_initializer(),
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.head_kernel = self.add_weight(
            name="head_kernel",
            shape=(input_shape[-1], self.access.numbers),
            initializer=self.initial_head_kernel,
        )
        if self.read_feedback:
            self.feedback_kernel = self.add_weight(
                name="feedback_kernel", shape=(self.access.read_size, self.units)
            )
        for block in self.blocks:
            block.build((None, None, self.units))
        head_inputs = self.units
        if self.head_inputs == "state":
            head_inputs = sum(self.blocks[-1].state_size)
        self.access.build((None, head_inputs))
        self.built = True

    def initial_head_kernel(self, shape, dtype=None):
        """Large weights, half as large for the numbers that say where the heads look."""
        scale = np.where(self.access.is_content, 1.0, 0.5)
        return input_initializer()(shape, dtype) * ops.cast(scale, dtype)

    def get_initial_state(self, batch_size):
        if self.once:
            raise ValueError(
                "With access_interval='sequence' the heads are driven by the sequence as a whole; "
                "it cannot run step by step."
            )
        zeros = [
            ops.zeros((batch_size, size), self.compute_dtype)
            for size in (self.output_size, *self.schedule.state_size)
        ]
        return [
            *zeros,
            *(s for block in self.blocks for s in block.get_initial_state(batch_size)),
            *flattened(self.access.get_initial_state(batch_size)),
        ]

    def encode(self, inputs):
        """The inputs as H channels, for one time step or for all of them."""
        return ops.matmul(inputs, self.kernel) + self.bias

    def features(self, inputs, mask=None, training=False):
        """The features of a whole sequence: `(B, T, I)` to `(B, T, H)`."""
        hidden = self.encode(inputs)
        for block in self.blocks:
            hidden = block(hidden, mask=mask, training=training)
        return hidden

    def direct(self, inputs):
        """What the heads hear of the inputs themselves, for one time step or for all."""
        return ops.matmul(inputs, self.head_kernel)

    def project(self, features, inputs):
        """The raw numbers of the heads, for one time step or for all."""
        return self.access.project(features) + self.direct(inputs)

    def output(self, features, reads, reads_before):
        """The output, for one time step or for all."""
        parts = {
            "reads": [reads],
            "recent-reads": [reads, reads_before],
            "all": [features, reads],
        }
        return ops.concatenate(parts[self.output_argument], axis=-1)

    def project_inputs(self, inputs):
        """What needs the inputs alone, for one time step or for all."""
        return self.encode(inputs), self.direct(inputs)

    def step(self, projected, states, touch=None, noise=None, transitions=None):
        """One time step, S4D run recurrently: `(output, new_states)`; states as `state_shapes`.

        `touch` says which sequences access the memory; default: what the schedule says. `noise`
        goes to the heads. `transitions` are those of the blocks, where they were computed before
        a loop.
        """
        hidden, direct = projected
        first = 1 + len(self.schedule.state_size)
        due, steps = self.schedule.due(states[1:first])
        touch = due if touch is None else touch
        block_states, access_states = list(states[first:-3]), list(states[-3:])
        if self.read_feedback:
            hidden = hidden + ops.matmul(access_states[-1], self.feedback_kernel)
        new_states = []
        for i, block in enumerate(self.blocks):
            hidden, state = block.step(
                hidden, block_states[2 * i : 2 * i + 2], transitions and transitions[i]
            )
            new_states += [ops.cast(s, self.compute_dtype) for s in state]
        head_inputs = hidden if self.head_inputs == "features" else polar(*state)
        offset = direct if noise is None else direct + noise
        reads_before = access_states[-1]
        access_states = self.access.call(
            ops.cast(head_inputs, hidden.dtype), access_states, touch, offset
        )
        output = self.output(hidden, access_states[-1], reads_before)
        return output, [output, *steps, *new_states, *access_states]

    def call(self, inputs, states, training=None):
        output, states = self.step(self.project_inputs(inputs), shaped(states, self.state_shapes))
        return output, flattened(states)

    def get_config(self):
        block = self.blocks[0].get_config()
        return {
            **self.access.get_config(),
            **super().get_config(),
            "units": self.units,
            "blocks": len(self.blocks),
            "output": self.output_argument,
            "access_interval": self.access_interval,
            "access_probability": self.schedule.probability,
            "read_feedback": self.read_feedback,
            "head_inputs": self.head_inputs,
            **{key: block[key] for key in ("state_dimension", "dt_min", "dt_max", "dropout")},
        }


def polar(real, imaginary):
    """Magnitude and phase of complex states, side by side; at 0 both 0, with finite gradients."""
    square = real * real + imaginary * imaginary
    there = square > 1e-12
    magnitude = ops.where(there, ops.sqrt(ops.where(there, square, 1.0)), 0.0)
    phase = ops.where(there, ops.arctan2(imaginary, ops.where(there, real, 1.0)), 0.0)
    return ops.concatenate([magnitude, phase], axis=-1)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTM(MemoryRNN):
    """S4D-NTM; behaves like `keras.layers.LSTM`.

    A whole sequence from the initial state is computed in parallel but for the memory, whose loop
    runs over the touched steps only. With a mask, with `initial_state`, `return_state` or
    `stateful`, S4D runs in the loop as well: the same outputs, exact states, slower; with
    `read_feedback` always.

    Args:
        units, blocks, state_dimension, dt_min, dt_max, dropout, memory_size, memory_width,
            read_heads, write_heads, shift_range, output, order, memory_initializer,
            learn_initial_memory, initial_heads, head_noise, access_interval,
            access_probability, read_feedback, head_inputs: see `S4DNTMCell`. With
            `access_interval="sequence"` there are no states to give or to return; the read vectors
            are the same at every step, and masked inputs count as zero.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: as
            in `keras.layers.LSTM`.
        segment_length: see `NTM`.

    Call arguments:
        sequences: `(B, T, I)`; any batch size, any length.
        initial_state: a list of states, as returned with `return_state=True`.
        mask: `(B, T)`, boolean. A masked step leaves every state unchanged.
        training: boolean.

    Output shape:
        `(B, T, output_size)` or, without `return_sequences`, `(B, output_size)`; with
        `return_state` followed by the states. `output_size` is `R * M`; with
        `output="recent-reads"` twice that; with `output="all"` plus `units`.
    """

    def __init__(
        self,
        units=64,
        blocks=1,
        state_dimension=64,
        dt_min=0.1,
        dt_max=1.0,
        dropout=0.0,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        output="reads",
        order="write-first",
        memory_initializer=None,
        learn_initial_memory=None,
        initial_heads="first",
        head_noise=0.0,
        access_interval=1,
        access_probability=1.0,
        read_feedback=False,
        head_inputs="features",
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        segment_length="auto",
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
            initial_heads,
            head_noise,
            access_interval,
            access_probability,
            read_feedback,
            head_inputs,
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
            segment_length=segment_length,
            **kwargs,
        )

    def call(self, sequences, initial_state=None, mask=None, training=False):
        self.exact_states = initial_state is not None or self.stateful or self.return_state
        if self.cell.once:
            if self.exact_states:
                raise ValueError(
                    "access_interval='sequence' has no states to give, to return or to keep."
                )
            return self.touch_once(sequences, mask, training)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if self.exact_states or self.cell.read_feedback or mask is not None:
            transitions = [block.transition() for block in self.cell.blocks]

            def step(inputs, states, transitions, **drawn):
                return self.cell.step(inputs, states, transitions=transitions, **drawn)

            return self.loop(step, sequences, initial_state, mask, training, transitions)
        return self.parallel(sequences, initial_state[-3:], training)

    def parallel(self, sequences, access_states, training):
        """All features at once, then a loop over the steps that touch the memory."""
        cell, time = self.cell, ops.shape(sequences)[1]
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
        features = cell.features(sequences, training=training)
        memory, weights, initial_reads = shaped(access_states, cell.access.state_shapes)

        def step(projection, states, constants):
            reads, *rest = states
            *rest, reads = cell.access.step(projection, [*rest, reads])
            return reads, [reads, *rest]

        def touch(features, sequences):
            projection = cell.project(features, sequences)
            noise = cell.access.draw_noise(*ops.shape(projection)[:2]) if training else None
            projection = projection if noise is None else projection + noise
            states = [initial_reads, memory, weights]
            _, reads, states = run_loop(
                self,
                step,
                projection,
                states,
                segment_length=self.segment_length,
                unroll=self.unroll,
                return_all_outputs=True,
            )
            return reads, states

        schedule = cell.schedule
        if schedule.interval == 1 and not (training and schedule.random):
            reads, states = touch(features, sequences)
        else:
            draw = schedule.drawn if training and schedule.random else schedule.regular
            steps, count = draw(time)
            reads, states = touch(
                ops.take(features, steps, axis=1), ops.take(sequences, steps, axis=1)
            )
            # The read vectors of a step are those of the last touch up to it.
            reads = ops.concatenate([ops.expand_dims(initial_reads, 1), reads], axis=1)
            reads = ops.take(reads, count, axis=1)
        reads_before = ops.concatenate([ops.expand_dims(initial_reads, 1), reads[:, :-1]], axis=1)
        outputs = cell.output(features, reads, reads_before)
        last = outputs[:, -1]
        return last, outputs if self.return_sequences else ops.expand_dims(last, 1), states

    def touch_once(self, sequences, mask, training):
        """`access_interval="sequence"`: one access, driven by the mean over time."""
        cell = self.cell
        features = cell.features(sequences, mask, training)
        if mask is None:
            mask = ops.ones(ops.shape(sequences)[:2], "bool")
        weights = ops.expand_dims(ops.cast(mask, features.dtype), -1)
        weights = weights / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)
        mean_features, mean_inputs = (
            ops.sum(weights * x, axis=1) for x in (features, ops.cast(sequences, features.dtype))
        )
        states = cell.access.get_initial_state(ops.shape(sequences)[0])
        reads = cell.access.step(cell.project(mean_features, mean_inputs), states)[-1]
        if not self.return_sequences:
            return cell.output(mean_features, reads, reads)
        reads = ops.broadcast_to(
            ops.expand_dims(reads, 1), (*ops.shape(features)[:2], reads.shape[-1])
        )
        return cell.output(features, reads, reads)
