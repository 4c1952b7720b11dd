"""Access to the memory of a Neural Turing Machine.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3.

Shapes: B batch, H controller units, N memory slots, M their width, R read heads, W write heads.
"""

import functools
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_s4ntm.backend.fast_access import fast_ntm_access
from keras_s4ntm.layers.memory.access import MemoryAccess, replaced
from keras_s4ntm.layers.memory.arguments import MemoryArguments
from keras_s4ntm.layers.ntm.arguments import AddressingArguments, NTMArguments, WritingArguments
from keras_s4ntm.layers.ntm.heads import Addressing, ReadHead, WriteHead
from keras_s4ntm.ops import content_weights, focus, read, write
from keras_s4ntm.ops.half_precision import widened
from keras_s4ntm.ops.memory import transposed


class NTMState(NamedTuple):
    """The states of the access; the weights of the write heads come first."""

    memory: Any  # (B, M, N), transposed
    weights: Any  # (B, W+R, N)
    reads: Any  # (B, R*M)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class NTMAccess(MemoryAccess):
    """The memory and the heads of a Neural Turing Machine.

    The interface vector of all heads comes from one matrix product, and all heads are addressed in
    one batched operation, from the memory before this time step, unless `order` says otherwise.

    Args: see `NTMArguments`.

    Call arguments, returns: see `MemoryAccess`. The state is an `NTMState`, the quantities are
        `keys`, `key_strengths`, `content_weights`, `interpolation_gates`, `shift_weights`,
        `sharpening` of all heads, write heads first, and `erase` and `add` of the write heads.
    """

    Arguments = NTMArguments
    State = NTMState

    def __init__(self, **arguments):
        super().__init__(**arguments)
        own = self.arguments
        self.write_head = WriteHead(
            own.memory_width,
            heads=own.write_heads,
            shift_range=own.shift_range,
            interpolation_bias=own.write_interpolation_bias,
            shift_bias=own.write_shift_bias,
            content_scale=own.content_scale,
            **own.part(WritingArguments),
            name="write_head",
            dtype=self.dtype_policy,
        )
        self.read_head = ReadHead(
            own.memory_width,
            heads=own.read_heads,
            shift_range=own.shift_range,
            interpolation_bias=own.read_interpolation_bias,
            shift_bias=own.read_shift_bias,
            strength_bias=own.read_strength_bias,
            content_scale=own.content_scale,
            **own.part(AddressingArguments),
            name="read_head",
            dtype=self.dtype_policy,
        )
        self.state_shapes = NTMState(
            memory=(own.memory_width, own.memory_size),
            weights=(own.write_heads + own.read_heads, own.memory_size),
            reads=(own.read_heads * own.memory_width,),
        )
        self.is_content = np.concatenate([self.write_head.is_content, self.read_head.is_content])
        self.interface_size = len(self.is_content)
        self.is_usual = own.order in MemoryArguments.orders and all(
            getattr(own, name) == getattr(NTMArguments, name) for name in CONVENTIONS
        )

    def build(self, input_shape):
        super().build(input_shape)
        self.write_head.build(input_shape)
        self.read_head.build(input_shape)
        own = self.arguments
        self.initial_logits = {
            name: self.add_weight(
                name=f"initial_{name}_weights",
                shape=(heads, own.memory_size),
                initializer=keras.initializers.RandomNormal(stddev=0.5),
            )
            for name, heads in (("write", own.write_heads), ("read", own.read_heads))
            if getattr(own, f"initial_{name}_weights") == "learned"
        }

    def get_initial_state(self, batch_size):
        """The initial memory; heads and read vectors where they start."""
        heads = (self.initial_weights("write"), self.initial_weights("read"))
        weights = ops.expand_dims(ops.concatenate(heads, axis=0), 0)
        weights = ops.tile(ops.cast(weights, self.compute_dtype), (batch_size, 1, 1))
        memory = self.memory.get_initial_state(batch_size)
        reads = self.initial_reads(memory, weights[:, self.arguments.write_heads :])
        return NTMState(memory, weights, reads)

    def initial_weights(self, name):
        """Where the heads start, `(heads, N)`; those to `"write"` or those to `"read"`."""
        own = self.arguments
        where, slots = getattr(own, f"initial_{name}_weights"), own.memory_size
        if where == "learned":
            return ops.softmax(self.initial_logits[name], axis=-1)
        start = {"first": np.eye(slots)[0], "middle": np.eye(slots)[slots // 2]}
        start.update(uniform=np.full(slots, 1 / slots), zeros=np.zeros(slots))
        heads = getattr(own, f"{name}_heads")
        return ops.convert_to_tensor(np.tile(start[where], (heads, 1)), "float32")

    def project(self, hidden):
        """The interface vector, write heads first: one product."""
        heads = (self.write_head, self.read_head)
        kernel = ops.concatenate([head.kernel for head in heads], axis=-1)
        bias = ops.concatenate([head.bias for head in heads], axis=-1)
        return ops.add(ops.matmul(widened(hidden), kernel), bias)

    def move(self, interface, state, trace=False):
        function = self.move_write_read
        if trace:
            function = functools.partial(function, trace=trace)
        elif self.is_plain:
            function = fast_ntm_access(function)
        memory, weights, reads, *quantities = function(
            interface,
            state.memory,
            state.weights,
            self.arguments.write_heads,
            self.arguments.order == "write-first",
        )
        return NTMState(memory, weights, reads), quantities[0] if quantities else None

    @property
    def is_plain(self):
        """Whether it and its heads are exactly those of this package, with its own conventions.
        Faster forms of the step stand for them, not for subclasses that may change a part of it.
        """
        kinds = (type(self), type(self.write_head), type(self.read_head))
        return self.is_usual and kinds == (NTMAccess, WriteHead, ReadHead)

    def move_write_read(self, interface, memory, weights, write_heads, write_first, trace=False):
        """One time step in the words of the paper.

        Args:
            interface: `(B, interface_size)`.
            memory, weights: of the step before, see `NTMState`.
            write_heads: W.
            write_first: whether reads see the write of this step.
            trace: see `MemoryAccess.step`.

        Returns:
            `(memory, weights, reads, quantities)`.
        """
        memory = transposed(memory)
        split = write_heads * self.write_head.size
        for_writing = self.write_head.split(interface[:, :split])
        for_reading = self.read_head.split(interface[:, split:])

        size = self.read_head.addressing_size
        addressing = self.read_head.addressing(
            ops.concatenate([for_writing[..., :size], for_reading], axis=1)
        )
        names = ("keys", "key_strengths", "interpolation_gates", "shift_weights", "sharpening")
        named = zip(names, addressing, strict=True)
        addressing = Addressing(*(replaced(trace, name, value) for name, value in named))
        erase, add = self.write_head.erase_and_add(for_writing)
        erase, add = replaced(trace, "erase", erase), replaced(trace, "add", add)
        if self.arguments.order == "write-then-address":
            writing = Addressing(*(x[:, :write_heads] for x in addressing))
            reading = Addressing(*(x[:, write_heads:] for x in addressing))
            write_content, at = self.address(memory, weights[:, :write_heads], writing)
            at = replaced(trace, "write_weights", at)
            written = write(memory, at, erase, add)
            read_content, places = self.address(written, weights[:, write_heads:], reading)
            places = replaced(trace, "read_weights", places)
            reads = read(written, places)
            content = ops.concatenate([write_content, read_content], axis=1)
            weights = ops.concatenate([at, places], axis=1)
        else:
            content, weights = self.address(memory, weights, addressing)
            weights = replaced(trace, "weights", weights)
            written = write(memory, weights[:, :write_heads], erase, add)
            reads = read(written if write_first else memory, weights[:, write_heads:])
        quantities = {
            "keys": addressing.key,
            "key_strengths": addressing.strength,
            "content_weights": content,
            "interpolation_gates": addressing.gate,
            "shift_weights": addressing.shift,
            "sharpening": addressing.gamma,
            "erase": erase,
            "add": add,
        }
        return transposed(written), weights, ops.reshape(reads, (-1, self.read_size)), quantities

    def address(self, memory, previous, addressing):
        """Where heads look (figure 2): content weights and weights, each `(B, H, N)`."""
        key, strength, gate, shift, gamma = addressing
        content = content_weights(memory, key, strength, **self.similarity)
        own = self.arguments
        weights = focus(
            content, previous, gate, shift, gamma, own.circular_shift, own.sharpening_epsilon
        )
        return content, weights


# What the fast forms of the step have built in.
CONVENTIONS = (
    *WritingArguments.names(),
    "cosine_epsilon",
    "norm_epsilon",
    "sharpening_epsilon",
    "circular_shift",
)
