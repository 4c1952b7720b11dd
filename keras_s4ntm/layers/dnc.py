"""The Differentiable Neural Computer: access to its memory, one time step, and the layer (`DNC`).

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods. The three revisions: Csordás and Schmidhuber 2019, "Improving Differentiable Neural
Computers Through Memory Masking, De-allocation, and Link Distribution Sharpness Control".

Shapes: B batch, T time steps, N memory slots, M their width, R read heads. There is one write head.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_s4ntm.checks import check_choice, check_positive_int, check_sparse_links
from keras_s4ntm.layers.access import ORDERS, Access
from keras_s4ntm.layers.cell import MemoryCell, deserialized_controller
from keras_s4ntm.layers.recurrent import MemoryRNN
from keras_s4ntm.ops import content_weights, dnc, read, sparse_links, write
from keras_s4ntm.ops.memory import transposed

# What keeps each part of the interface vector within its bounds: the paper's, then those of 2019.
BOUNDS = {
    "read_keys": keras.activations.linear,
    "read_strengths": dnc.oneplus,
    "write_key": keras.activations.linear,
    "write_strength": dnc.oneplus,
    "erase": ops.sigmoid,
    "add": keras.activations.linear,
    "free_gates": ops.sigmoid,
    "allocation_gate": ops.sigmoid,
    "write_gate": ops.sigmoid,
    "read_modes": ops.softmax,
    "read_masks": ops.sigmoid,
    "write_mask": ops.sigmoid,
    "forward_sharpness": dnc.oneplus,
    "backward_sharpness": dnc.oneplus,
}

# How the heads start, before anything is learned: initial biases (an open write gate that prefers
# free slots, closed free gates, reads that follow the links forward rather than backward), and how
# much larger than usual (Glorot's) the initial weights are of what is looked for and written.
# With zeros and Glorot's weights a DNC had learned nothing of copy where with these it copied.
INITIAL_BIASES = {
    "free_gates": -4.0,
    "allocation_gate": 3.0,
    "write_gate": 3.0,
    "read_modes": (-2.0, 0.0, 1.0),
}
INITIAL_SCALES = {"read_keys": 3.0, "add": 3.0}


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNCAccess(Access):
    """The memory of a DNC and what is known about its slots: usage, order of writing, heads.

    The interface vector, all that the heads are told, comes from one matrix product, and all read
    heads are computed in batched operations; in float32 whatever the dtype policy.

    Args:
        memory_size: N, the number of slots.
        memory_width: M, the length of a slot's vector.
        read_heads: R, the number of read heads.
        order: `"write-first"`, as in the paper: reads see this step's write and its links;
            `"read-first"`: they see those of the step before.
        memory_initializer: what the memory holds at first: a number or a Keras initializer.
        learn_initial_memory: whether the initial contents are trained.
        content_masking: whether each key comes with a mask that says which part of the vectors is
            compared (2019).
        mask_floor: the least value of such a mask; 2019: 0.1 for associative recall.
        deallocation: whether what is freed is erased as well (2019).
        link_sharpness: whether forward and backward weights are sharpened (2019).
        sparse_links: K, how many links each slot keeps, 8 in the paper: they take 2 * N * K
            numbers for each sequence. Default: all of them, N * N numbers.
        head_noise: standard deviation of the noise on the interface vector in training.

    Call arguments: see `MemoryAccess`.
        states: the memory `(B, M, N)`, usage `(B, N)`, precedence `(B, N)`, links `(B, N, N)` or
            `(B, 2, N, K)`, write weights `(B, N)`, read weights `(B, R, N)`, read vectors
            `(B, R*M)`.

    Returns:
        The states after this step; the read vectors are the last one.
    """

    def __init__(
        self,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        order="write-first",
        memory_initializer=0.0,
        learn_initial_memory=False,
        content_masking=False,
        mask_floor=0.0,
        deallocation=False,
        link_sharpness=False,
        sparse_links=None,
        head_noise=0.0,
        **kwargs,
    ):
        super().__init__(
            memory_size,
            memory_width,
            memory_initializer,
            learn_initial_memory,
            head_noise,
            **kwargs,
        )
        self.read_heads = check_positive_int("read_heads", read_heads)
        self.order = check_choice("order", order, ORDERS)
        if not isinstance(mask_floor, int | float) or not 0 <= mask_floor < 1:
            raise ValueError(f"mask_floor must be in [0, 1), got {mask_floor!r}.")
        self.mask_floor = mask_floor
        self.content_masking = bool(content_masking)
        self.deallocation = bool(deallocation)
        self.link_sharpness = bool(link_sharpness)
        if sparse_links is not None:
            sparse_links = check_sparse_links(sparse_links, memory_size, self.compute_dtype)
        self.sparse_links = sparse_links
        slots, width, heads = memory_size, memory_width, read_heads
        shapes = {
            "read_keys": (heads, width),
            "read_strengths": (heads,),
            "write_key": (1, width),
            "write_strength": (1,),
            "erase": (1, width),
            "add": (1, width),
            "free_gates": (heads,),
            "allocation_gate": (1,),
            "write_gate": (1,),
            "read_modes": (heads, 3),
        }
        if content_masking:
            shapes.update(read_masks=(heads, width), write_mask=(1, width))
        if link_sharpness:
            shapes.update(forward_sharpness=(heads,), backward_sharpness=(heads,))
        self.interface_shapes = shapes
        self.state_shapes = [
            (width, slots),
            *[(slots,)] * 2,
            (slots, slots) if sparse_links is None else (2, slots, sparse_links),
            (slots,),
            (heads, slots),
            (heads * width,),
        ]

    @property
    def numbers(self):
        """The length of the interface vector: in the paper `R M + 3 M + 5 R + 3`."""
        return sum(math.prod(shape) for shape in self.interface_shapes.values())

    def build(self, input_shape):
        self.memory.build()
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.numbers),
            initializer=self.initial_kernel,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.numbers,),
            initializer=self.initial_bias,
        )
        self.built = True

    def flat(self, values, default):
        """Numbers given by name for parts of the interface vector, for all of it."""
        parts = [
            np.broadcast_to(values.get(name, default), shape).reshape(-1)
            for name, shape in self.interface_shapes.items()
        ]
        return np.concatenate(parts)

    def initial_kernel(self, shape, dtype=None):
        """Glorot's uniform weights, scaled."""
        scale = ops.cast(self.flat(INITIAL_SCALES, 1.0), dtype)
        return keras.initializers.GlorotUniform()(shape, dtype) * scale

    def initial_bias(self, shape, dtype=None):
        return ops.convert_to_tensor(self.flat(INITIAL_BIASES, 0.0), dtype)

    def get_initial_state(self, batch_size):
        """The initial memory; nothing used, written or read."""
        zeros = [
            ops.zeros((batch_size, *shape), self.compute_dtype) for shape in self.state_shapes[1:]
        ]
        return [self.memory.get_initial_state(batch_size), *zeros]

    def project(self, hidden):
        """The raw interface vector: `(B, units)` to `(B, numbers)`."""
        return ops.matmul(hidden, self.kernel) + self.bias

    def interface(self, projection):
        """What the heads are told: the raw interface vector by name, within its bounds."""
        sizes = [math.prod(shape) for shape in self.interface_shapes.values()]
        parts = ops.split(projection, np.cumsum(sizes[:-1]).tolist(), axis=-1)
        said = {
            name: BOUNDS[name](ops.reshape(part, (-1, *shape)))
            for (name, shape), part in zip(self.interface_shapes.items(), parts, strict=True)
        }
        if self.content_masking:
            for name in ("read_masks", "write_mask"):
                said[name] = self.mask_floor + (1.0 - self.mask_floor) * said[name]
        return said

    def lookup(self, memory, key, strength, mask):
        """Content weights, by a part of the vectors where there is a mask."""
        if mask is None:
            return content_weights(memory, key, strength)
        return dnc.masked_content_weights(memory, key, strength, mask)

    def move(self, projection, states):
        """One time step, from the raw interface vector `(B, numbers)`."""
        said = self.interface(projection)
        memory, usage, precedence, links, write_weights, read_weights, _ = states
        memory = transposed(memory)

        retention = dnc.retention(said["free_gates"], read_weights)
        usage = dnc.update_usage(usage, write_weights, retention)
        found = self.lookup(
            memory, said["write_key"], said["write_strength"], said.get("write_mask")
        )
        write_weights = dnc.write_weights(
            dnc.allocation_weights(usage),
            found[:, 0],
            said["allocation_gate"],
            said["write_gate"],
        )
        kept = memory * ops.expand_dims(retention, -1) if self.deallocation else memory
        written = write(kept, ops.expand_dims(write_weights, 1), said["erase"], said["add"])
        temporal = dnc if self.sparse_links is None else sparse_links
        new_links = temporal.update_links(links, precedence, write_weights)
        precedence = dnc.update_precedence(precedence, write_weights)

        if self.order == "write-first":
            memory, links = written, new_links
        forward, backward = temporal.follow_links(links, read_weights)
        if self.link_sharpness:
            forward = dnc.sharpen_links(forward, said["forward_sharpness"])
            backward = dnc.sharpen_links(backward, said["backward_sharpness"])
        content = self.lookup(
            memory, said["read_keys"], said["read_strengths"], said.get("read_masks")
        )
        read_weights = dnc.read_weights(backward, content, forward, said["read_modes"])
        return [
            transposed(written),
            usage,
            precedence,
            new_links,
            write_weights,
            read_weights,
            ops.reshape(read(memory, read_weights), (-1, self.read_size)),
        ]

    def get_config(self):
        return {
            **super().get_config(),
            "read_heads": self.read_heads,
            "order": self.order,
            "content_masking": self.content_masking,
            "mask_floor": self.mask_floor,
            "deallocation": self.deallocation,
            "link_sharpness": self.link_sharpness,
            "sparse_links": self.sparse_links,
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNCCell(MemoryCell):
    """One time step of a Differentiable Neural Computer (figure 1 of the paper); a Keras RNN cell.

    The controller sees the input and the read vectors of the step before; its output gives the
    interface vector of the access. The paper's output is a linear layer on `output="all"`.

    Args:
        units: units of the controller, or a list for stacked layers.
        memory_size, memory_width, read_heads, order, memory_initializer, learn_initial_memory,
            content_masking, mask_floor, deallocation, link_sharpness, sparse_links,
            head_noise: see `DNCAccess`.
        controller, output: see `NTMCell`.

    Call arguments:
        inputs: `(B, input_size)`.
        states: flat tensors: the previous output; the states of the controller; those of
            `DNCAccess`.

    Returns:
        `(output, new_states)`.
    """

    def __init__(
        self,
        units=100,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        controller="lstm",
        output="reads",
        order="write-first",
        memory_initializer=0.0,
        learn_initial_memory=False,
        content_masking=False,
        mask_floor=0.0,
        deallocation=False,
        link_sharpness=False,
        sparse_links=None,
        head_noise=0.0,
        **kwargs,
    ):
        access = DNCAccess(
            memory_size,
            memory_width,
            read_heads,
            order,
            memory_initializer,
            learn_initial_memory,
            content_masking,
            mask_floor,
            deallocation,
            link_sharpness,
            sparse_links,
            head_noise,
            name="access",
            dtype=kwargs.get("dtype"),
        )
        super().__init__(access, units, controller, output, **kwargs)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNC(MemoryRNN):
    """Differentiable Neural Computer; behaves like `keras.layers.LSTM`.

    Args:
        units, memory_size, memory_width, read_heads, controller, output, order,
            memory_initializer, learn_initial_memory, content_masking, mask_floor, deallocation,
            link_sharpness, head_noise: see `DNCCell`.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: as
            in `keras.layers.LSTM`.
        segment_length: see `NTM`.

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
        ValueError: an argument that cannot be meant.

    Example:

    >>> dnc = DNC(100, memory_size=64, memory_width=20, read_heads=4, return_sequences=True)
    >>> dnc(np.zeros((32, 42, 10), "float32")).shape
    (32, 42, 80)
    """

    def __init__(
        self,
        units=100,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        controller="lstm",
        output="reads",
        order="write-first",
        memory_initializer=0.0,
        learn_initial_memory=False,
        content_masking=False,
        mask_floor=0.0,
        deallocation=False,
        link_sharpness=False,
        sparse_links=None,
        head_noise=0.0,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        segment_length="auto",
        **kwargs,
    ):
        cell = DNCCell(
            units,
            memory_size,
            memory_width,
            read_heads,
            controller,
            output,
            order,
            memory_initializer,
            learn_initial_memory,
            content_masking,
            mask_floor,
            deallocation,
            link_sharpness,
            sparse_links,
            head_noise,
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
