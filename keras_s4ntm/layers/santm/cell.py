"""The top level of SANTM, one time step: a controller and a memory, which few time steps access.

Source: Shan, Zhu, Luo 2025, "Sparse access neural Turing machine", as their code has it
(github.com/cvcoding/SANTM); the attention is that of `SlotAttention`.

Shapes: B batch, I inputs, N memory slots, W their width.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.controllers.lstm import LSTMController
from keras_s4ntm.layers.memory.cell import MemoryCell
from keras_s4ntm.layers.memory.states import flattened, shaped, sizes_of
from keras_s4ntm.layers.ntm.access import NTMAccess
from keras_s4ntm.layers.ntm.arguments import NTMArguments
from keras_s4ntm.layers.santm.arguments import (
    MaskArguments,
    SANTMArguments,
    SlotAttentionArguments,
)
from keras_s4ntm.layers.santm.attention import SlotAttention
from keras_s4ntm.layers.santm.mask import AccessMask
from keras_s4ntm.layers.santm.segments import chrono_bias
from keras_s4ntm.ops.memory import transposed

OUTPUT_CLIP = 20.0


class ChronoLSTMController(LSTMController):
    """An `LSTMController` that starts remembering for up to `time` steps, see `chrono_bias`."""

    def __init__(self, units, *, time, **kwargs):
        super().__init__(units, **kwargs)
        self.time = time

    def initial_bias(self, shape, dtype=None):
        return chrono_bias(self.time, shape, dtype)


class Seen(NamedTuple):
    """What the output of a time step is made of."""

    memory: Any  # (..., W N), before the step, transposed
    weights: Any  # (..., R N), of the read heads
    hidden: Any  # (..., W), of the controller


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SparseMemoryCell(MemoryCell):
    """One time step of the top level.

        h_t, c_t = LSTM([z_t; r_{t-1}], h_{t-1}, c_{t-1}),  z_t = D_t m_t x_t
        M_t, w_t, r_t = access(h_t, M_{t-1}, w_{t-1})            where m_t = 1; else all states stay
        o_t = W_o readout(attention(M_{t-1})) + b_o              where m_t = 1
              clip(W_o h_t + b_o, -20, 20)                       else

    States are `m_t new + (1 - m_t) old`, exact for 0 and 1, so that gradients reach the mask at
    steps that do not access the memory, as long as the support has them. The controller has as many
    units as the memory is wide.

    Args:
        **arguments: see `SANTMArguments`.

    Call arguments, returns: see `MemoryCell`.
    """

    def __init__(self, **arguments):
        own, rest = claim(self, arguments, SANTMArguments)
        own, dtype = SANTMArguments(**own), rest.get("dtype")
        width = own.memory_width
        access = NTMAccess(**own.part(NTMArguments), name="access", dtype=dtype)
        controller = ChronoLSTMController(
            width, time=own.mask_steps, name="controller", dtype=dtype
        )
        super().__init__(controller, access, output="controller", **rest)
        self.own = own
        self.schedule = AccessMask(**own.part(MaskArguments), name="mask", dtype=dtype)
        self.attention = SlotAttention(
            **own.part(SlotAttentionArguments), name="attention", dtype=dtype
        )
        self.seen_sizes = [width * own.memory_size, own.read_heads * own.memory_size, width]
        sizes = [width, *self.schedule.state_size, *controller.state_size]
        self.state_shapes = [(size,) for size in sizes] + list(access.state_shapes)
        self.state_size = sizes_of(self.state_shapes)

    def build(self, input_shape):
        super().build(input_shape)
        width = self.own.memory_width
        self.schedule.build()
        self.attention.build((None, self.own.memory_size, width))
        self.output_kernel = self.add_weight(name="output_kernel", shape=(width, width))
        self.output_bias = self.add_weight(name="output_bias", shape=(width,), initializer="zeros")

    def call(self, inputs, states, training=None):
        states = shaped(states, self.state_shapes)
        _, scales = self.schedule.gates(self.schedule.place(states[1]))
        projected = self.project_inputs(ops.cast(scales, inputs.dtype) * inputs)
        output, states, _ = self.step(projected, states)
        return output, flattened(states)

    def step(self, projected, states, constants=None, trace=False):
        """One time step; see `MemoryCell.step`. `projected` is of the scaled inputs z_t."""
        state = self.named(states)
        place = self.schedule.place(state.schedule[0])
        gate, _ = self.schedule.gates(place)
        gate = ops.cast(gate, self.compute_dtype)
        seen, controller, access, quantities = self.advance(
            projected, state.controller, state.access, gate, trace=trace
        )
        output = self.output_of(*self.read_out(seen), gate)
        if trace:
            quantities = {**quantities, "controller_outputs": seen.hidden, "accessed": gate > 0.5}
        next_place = self.schedule.state_at(place + 1, self.compute_dtype)
        return output, [output, next_place, *controller, *access], quantities

    def advance(self, projected, controller, access, gate, noise=None, trace=False):
        """The states after a time step.

        Args:
            projected, noise, trace: see `MemoryCell.step`.
            controller, access: the states before.
            gate: m_t, `(B, 1)`.

        Returns:
            `(seen, controller, access, quantities)`; `seen` is a `Seen`.
        """
        hidden, new_controller = self.controller.step(
            projected["controller"], access.reads, controller, ()
        )
        new_access, quantities = self.access.call(hidden, access, None, noise, trace)
        new_controller = [
            gated(gate, *pair) for pair in zip(new_controller, controller, strict=True)
        ]
        pairs = zip(new_access, access, strict=True)
        new_access = self.access.State(*(gated(gate, *pair) for pair in pairs))
        read_weights = new_access.weights[:, self.own.write_heads :]
        seen = Seen(*flattened([access.memory, read_weights]), new_controller[0])
        return seen, new_controller, new_access, quantities

    def read_out(self, seen):
        """`(readout, hidden)`, each `(..., W)`, from a `Seen`; for one time step or for many."""
        own, leading = self.own, ops.shape(seen.hidden)[:-1]
        memory = ops.reshape(seen.memory, (-1, own.memory_width, own.memory_size))
        slots = self.attention(transposed(memory))
        if own.readout == "mean":
            vectors = ops.mean(slots, axis=1)
        else:
            weights = ops.reshape(seen.weights, (-1, own.read_heads, own.memory_size))
            weights = ops.mean(weights, axis=1, keepdims=True)
            vectors = ops.squeeze(ops.matmul(weights, slots), 1)
        return ops.reshape(vectors, (*leading, own.memory_width)), seen.hidden

    def output_of(self, vectors, hidden, gate):
        """o_t, for one time step or for many; `gate` is m_t, `(..., 1)`."""
        kernel, bias = self.output_kernel, self.output_bias
        accessed = ops.matmul(vectors, kernel) + bias
        otherwise = ops.clip(ops.matmul(hidden, kernel) + bias, -OUTPUT_CLIP, OUTPUT_CLIP)
        return gate * accessed + (1.0 - gate) * otherwise

    def get_config(self):
        access = self.access.get_config()  # with initializers as Keras writes them
        own = {name: access.get(name, value) for name, value in self.own.config().items()}
        return {**keras.layers.Layer.get_config(self), **own}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def gated(gate, new, old):
    """`m new + (1 - m) old` of one state; `gate` is m, `(B, 1)`."""
    gate = ops.reshape(gate, (-1,) + (1,) * (len(old.shape) - 1))
    return gate * new + (1.0 - gate) * old
