"""The Neural Turing Machine: one time step (`NTMCell`) and the layer (`NTM`).

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines".

Shapes: B batch, T time steps, N memory slots, M their width, R read heads, W write heads.
"""

import keras

from keras_s4ntm.layers.access import MemoryAccess
from keras_s4ntm.layers.cell import MemoryCell, deserialized_controller
from keras_s4ntm.layers.recurrent import MemoryRNN


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class NTMCell(MemoryCell):
    """One time step of a Neural Turing Machine (figure 1 of the paper); a Keras RNN cell.

    The controller sees the input and the read vectors of the step before; its output drives the
    heads, which move, write and read.

    Args:
        units: units of the controller, or a list for stacked layers.
        memory_size: N, the number of slots.
        memory_width: M, the length of a slot's vector.
        read_heads: R.
        write_heads: W.
        shift_range: S; a head moves by -S to +S slots in a step.
        controller: `"lstm"`, `"forgetful-lstm"` (starts nearly without a memory of its own: see
            `LSTM_STARTS`), `"feedforward"`, a controller of `keras_s4ntm.layers.controllers`, or
            any Keras RNN cell (`units` is then ignored).
        output: `"reads"`: the read vectors, `R * M` numbers. `"all"`: the controller's output,
            then the read vectors. With `"reads"` nothing reaches the output but through the
            memory, so the controller cannot learn a task half by itself (README, "Copy").
        order: `"write-first"` or `"read-first"`: whether a read sees this step's write.
        memory_initializer: what the memory holds at first: a number or a Keras initializer.
        learn_initial_memory: whether the initial contents are trained.
        initial_heads: `"first"`, `"search"`, `"walk-and-search"` or `"walk-and-look-up"`, see
            `MemoryAccess`.
        head_noise: in training, see `MemoryAccess`.
        access_probability: below 1 the "cached NTM", see `AccessSchedule`.

    Call arguments:
        inputs: `(B, input_size)`.
        states: flat tensors: the previous output; with an access_probability below 1 the steps
            since the last access; the states of the controller; the memory `(B, N*M)`; the head
            weights `(B, (W+R)*N)`, write heads first; the read vectors `(B, R*M)`.

    Returns:
        `(output, new_states)`.
    """

    def __init__(
        self,
        units=100,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        controller="lstm",
        output="reads",
        order="write-first",
        memory_initializer=1e-6,
        learn_initial_memory=False,
        initial_heads="first",
        head_noise=0.0,
        access_probability=1.0,
        **kwargs,
    ):
        access = MemoryAccess(
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
            dtype=kwargs.get("dtype"),
        )
        super().__init__(access, units, controller, output, access_probability, **kwargs)

    def get_config(self):
        return {**super().get_config(), "access_probability": self.schedule.probability}


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class NTM(MemoryRNN):
    """Neural Turing Machine; behaves like `keras.layers.LSTM`.

    Args:
        units, memory_size, memory_width, read_heads, write_heads, shift_range, controller,
            output, order, memory_initializer, learn_initial_memory, initial_heads,
            head_noise, access_probability: see `NTMCell`.
        return_sequences: whether to return the output of every step or only of the last one.
        return_state: whether to return the last states as well.
        go_backwards: whether to process the sequence from its end.
        stateful: whether the states after a batch are the initial ones of the next.
        unroll: whether to unroll the loop over time.
        zero_output_for_mask: whether the output of a masked step is zero, not the previous one.
        segment_length: how many time steps the backward pass recomputes at a time. Only the states
            between two such segments are stored: memory grows with the number of segments, not with
            the length, for one more forward pass. `None`: the states of all steps are stored.
            `"auto"`: the square root of the length, from 256 time steps on. Without effect with
            `unroll` and where the length is unknown.

    Call arguments:
        sequences: `(B, T, input_size)`; any batch size, any length.
        initial_state: a list of states, as returned with `return_state=True`.
        mask: `(B, T)`, boolean. A masked step leaves every state unchanged.
        training: boolean.

    Output shape:
        `(B, T, output_size)` or, without `return_sequences`, `(B, output_size)`; with
        `return_state` followed by the states. `output_size` is `R * M`; with `output="all"`
        plus the controller's units.

    Raises:
        ValueError: an argument that cannot be meant, for example a shift over more slots than
            the memory has.

    Example:

    >>> ntm = NTM(100, memory_size=128, memory_width=20, return_sequences=True)
    >>> ntm(np.zeros((32, 42, 10), "float32")).shape
    (32, 42, 20)
    """

    def __init__(
        self,
        units=100,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        controller="lstm",
        output="reads",
        order="write-first",
        memory_initializer=1e-6,
        learn_initial_memory=False,
        initial_heads="first",
        head_noise=0.0,
        access_probability=1.0,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        segment_length="auto",
        **kwargs,
    ):
        cell = NTMCell(
            units,
            memory_size,
            memory_width,
            read_heads,
            write_heads,
            shift_range,
            controller,
            output,
            order,
            memory_initializer,
            learn_initial_memory,
            initial_heads,
            head_noise,
            access_probability,
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

    @classmethod
    def from_config(cls, config):
        return cls(**deserialized_controller(config))
