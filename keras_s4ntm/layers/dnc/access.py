"""Access to the memory of a Differentiable Neural Computer, one time step.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods. The revisions: Csordás and Schmidhuber 2019, see `interface.py`.

Shapes: B batch, N memory slots, M their width, R read heads. There is one write head.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_s4ntm.checks import check_slot_numbers
from keras_s4ntm.layers.dnc.arguments import DNCArguments
from keras_s4ntm.layers.dnc.interface import Interface
from keras_s4ntm.layers.memory.access import MemoryAccess, replaced
from keras_s4ntm.ops import (
    allocation,
    content_weights,
    masked_content_weights,
    read,
    sparse_links,
    temporal_links,
    write,
)
from keras_s4ntm.ops.memory import transposed


class DNCState(NamedTuple):
    """The states of the access: the memory, and what is known about its slots."""

    memory: Any  # (B, M, N), transposed
    usage: Any  # (B, N)
    precedence: Any  # (B, N)
    links: Any  # (B, N, N), or sparse (B, 2, N, K)
    write_weights: Any  # (B, N)
    read_weights: Any  # (B, R, N)
    reads: Any  # (B, R*M)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNCAccess(MemoryAccess):
    """The memory of a DNC and what is known about its slots: usage, order of writing, heads.

    All read heads are computed in batched operations. With `order="write-first"`, as in the paper,
    reads see the write of the same time step and its links; with `"read-first"` those of the step
    before.

    Args: see `DNCArguments`.

    Call arguments, returns: see `MemoryAccess`. The state is a `DNCState`, the quantities are the
        parts of the interface vector by name (`Interface.parts`), `retention`, `allocation`,
        `write_content` and `read_content` (the content weights), `forward` and `backward` weights.
    """

    Arguments = DNCArguments
    State = DNCState

    def __init__(self, **arguments):
        super().__init__(**arguments)
        own = self.arguments
        slots, width, heads, count = (
            own.memory_size,
            own.memory_width,
            own.read_heads,
            own.sparse_links,
        )
        if count is not None:
            check_slot_numbers(slots, self.compute_dtype)
        self.interface = Interface(own, name="interface", dtype=self.dtype_policy)
        self.interface_size = self.interface.size
        self.is_content = self.interface.is_content
        self.state_shapes = DNCState(
            memory=(width, slots),
            usage=(slots,),
            precedence=(slots,),
            links=(slots, slots) if count is None else (2, slots, count),
            write_weights=(slots,),
            read_weights=(heads, slots),
            reads=(heads * width,),
        )

    def build(self, input_shape):
        super().build(input_shape)
        self.interface.build(input_shape)

    def get_initial_state(self, batch_size):
        """The initial memory; nothing used, written or read."""
        memory = self.memory.get_initial_state(batch_size)
        zeros = [
            ops.zeros((batch_size, *shape), self.compute_dtype) for shape in self.state_shapes[1:-1]
        ]
        return DNCState(memory, *zeros, self.initial_reads(memory))

    def project(self, hidden):
        return self.interface.call(hidden)

    def look_up(self, memory, key, strength, mask):
        """Content weights, by a part of the vectors where there is a mask."""
        if mask is None:
            return content_weights(memory, key, strength, **self.similarity)
        return masked_content_weights(memory, key, strength, mask, **self.similarity)

    def move(self, interface, state, trace=False):
        parts = self.interface.parts(interface)
        parts = {name: replaced(trace, name, part) for name, part in parts.items()}
        memory = transposed(state.memory)

        # Where to write: to free slots, or by content.
        retention = allocation.retention(parts["free_gates"], state.read_weights)
        before = state.write_weights
        before = before if self.arguments.usage_gradient else ops.stop_gradient(before)
        usage = allocation.update_usage(state.usage, before, retention)
        free = allocation.allocation_weights(usage)
        write_content = self.look_up(
            memory, parts["write_key"], parts["write_strength"], parts.get("write_mask")
        )[:, 0]
        write_weights = allocation.write_weights(
            free, write_content, parts["allocation_gate"], parts["write_gate"]
        )
        write_weights = replaced(trace, "write_weights", write_weights)
        kept = memory
        if self.arguments.deallocation:
            kept = memory * ops.expand_dims(retention, -1)
        written = write(kept, ops.expand_dims(write_weights, 1), parts["erase"], parts["add"])

        # In which order was written.
        of_links = temporal_links if self.arguments.sparse_links is None else sparse_links
        new_links = of_links.update_links(state.links, state.precedence, write_weights)
        precedence = temporal_links.update_precedence(state.precedence, write_weights)

        # Where to read: before or after what was read last, or by content.
        write_first = self.arguments.order == "write-first"
        memory, links = (written, new_links) if write_first else (memory, state.links)
        forward, backward = of_links.follow_links(links, state.read_weights)
        if self.arguments.link_sharpness:
            forward = temporal_links.sharpen_links(forward, parts["forward_sharpness"])
            backward = temporal_links.sharpen_links(backward, parts["backward_sharpness"])
        read_content = self.look_up(
            memory, parts["read_keys"], parts["read_strengths"], parts.get("read_masks")
        )
        read_weights = temporal_links.read_weights(
            backward, read_content, forward, parts["read_modes"]
        )
        read_weights = replaced(trace, "read_weights", read_weights)
        reads = ops.reshape(read(memory, read_weights), (-1, self.read_size))
        new_state = DNCState(
            transposed(written), usage, precedence, new_links, write_weights, read_weights, reads
        )
        return new_state, {
            **parts,
            "retention": retention,
            "allocation": free,
            "write_content": write_content,
            "read_content": read_content,
            "forward": forward,
            "backward": backward,
        }
