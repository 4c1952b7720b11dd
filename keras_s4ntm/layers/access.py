"""Access to the memory: in one step the heads move, write and read.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3.

Shapes: B batch, N memory slots, M their width, R read heads, W write heads.
"""

import keras
import numpy as np
from keras import ops

from keras_s4ntm.backend import normal, ntm_access
from keras_s4ntm.checks import check_choice, check_positive_int, check_shift_range
from keras_s4ntm.layers.heads import ReadHead, WriteHead
from keras_s4ntm.layers.memory import Memory
from keras_s4ntm.layers.states import where
from keras_s4ntm.ops import address, read, write
from keras_s4ntm.ops.memory import transposed

ORDERS = ("write-first", "read-first")

# How the heads start: the initial biases and scales (see `ReadHead`) of write heads and of read
# heads. A bias of -3 leaves a gate open by 5 %, one of 3 makes the shift +1 by 91 %; with -6 and 8
# (0.2 %, 99.9 %) the first steps of training do not change that, with -10 and 13 hardly any do. A
# strong key finds one slot among many where the gate opens. Of several values the heads take one
# each, in turn.
WALK = {"gate": -3.0, "step": 3.0}
WALK_ON = {"gate": -6.0, "step": 8.0, "content": 0.1}
KEEP_WALKING = {"gate": -10.0, "step": 13.0, "content": 0.1}
INITIAL_HEADS = {
    "first": ({}, {}),
    "search": ({**WALK, "content": 3.0}, {"content": 3.0}),
    "walk-and-search": (WALK_ON, {**WALK, "strength": 3.0, "content": 0.1}),
    "keep-walking": (KEEP_WALKING, {"gate": -3.0, "step": 8.0, "strength": 3.0, "content": 0.1}),
    "walk-and-look-up": (
        WALK_ON,
        {"gate": [-3.0, 3.0], "step": [3.0, 0.0], "strength": [3.0, 6.0], "content": 0.1},
    ),
}


class Access(keras.layers.Layer):
    """What all accesses share: a memory, steps that leave it alone, noise in training.

    A subclass has `state_shapes`, the shapes of its states without the batch, the read vectors
    last; `numbers`, how many raw numbers say what is done; `get_initial_state(batch_size)`;
    `project(hidden)`, the raw numbers; and `move(projection, states)`, one time step from them, in
    float32.

    Args:
        memory_size, memory_width, memory_initializer, learn_initial_memory, head_noise: see
            `MemoryAccess`.
    """

    def __init__(
        self,
        memory_size,
        memory_width,
        memory_initializer,
        learn_initial_memory,
        head_noise,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(head_noise, int | float) or not 0 <= head_noise < np.inf:
            raise ValueError(f"head_noise must be a number from 0 on, got {head_noise!r}.")
        self.head_noise = head_noise
        self.seed_generator = keras.random.SeedGenerator()
        self.memory = Memory(
            memory_size,
            memory_width,
            memory_initializer,
            learn_initial_memory,
            name="memory",
            dtype=self.dtype_policy,
        )

    @property
    def read_size(self):
        """R * M, the length of all read vectors together."""
        return self.state_shapes[-1][0]

    def call(self, hidden, states, touch=None, offset=None):
        states = list(states)

        def touched():
            projection = self.project(hidden)
            return self.step(projection if offset is None else projection + offset, states)

        def touched_by_some():
            new_states = touched()
            return [where(touch, new, old) for new, old in zip(new_states, states, strict=True)]

        if touch is None:
            return touched()
        return ops.cond(ops.any(touch), touched_by_some, lambda: states)

    def step(self, projection, states):
        """One time step, from raw numbers `(B, numbers)`; in float32 whatever the dtype policy."""
        if self.compute_dtype == "float32":
            return self.move(projection, states)
        projection, *states = (ops.cast(x, "float32") for x in (projection, *states))
        return [ops.cast(x, self.compute_dtype) for x in self.move(projection, states)]

    def draw_noise(self, batch, time):
        """The noise of all time steps `(B, T, numbers)`, or `None` if there is none."""
        if self.head_noise == 0:
            return None
        shape = (batch, time, self.numbers)
        noise = normal(shape, self.head_noise, self.seed_generator)
        return ops.cast(noise, self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "memory_size": self.memory.memory_size,
            "memory_width": self.memory.memory_width,
            "memory_initializer": keras.initializers.serialize(self.memory.initializer),
            "learn_initial_memory": self.memory.learn_initial,
            "head_noise": self.head_noise,
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MemoryAccess(Access):
    """The memory and the heads of a Neural Turing Machine.

    The numbers of all heads come from one matrix product, and all heads are addressed in one
    batched operation, from the memory before this step. Addressing, writing and reading are
    done in float32 whatever the dtype policy.

    Args:
        memory_size: N, the number of slots.
        memory_width: M, the length of a slot's vector.
        read_heads: R, the number of read heads.
        write_heads: W, the number of write heads.
        shift_range: S; a head moves by -S to +S slots in a step.
        order: `"write-first"`: the read vectors come from the memory after this step's write;
            `"read-first"`: from the memory before it.
        memory_initializer: what the memory holds at first: a number or a Keras initializer.
        learn_initial_memory: whether the initial contents are trained.
        initial_heads: how the heads start, before anything is learned (README, "Copy").
            `"first"`: all of them look at slot 0. `"search"`: the write heads walk, from slot 0
            on to the next slot at every time step; the read heads look everywhere at once, and
            have to search for their place by content. `"walk-and-search"`: the read heads walk
            as well; what is stored and looked for comes at first from the inputs more than from
            `hidden`, for networks in which the inputs reach the heads directly (`S4DNTM`).
            `"keep-walking"`: the same, but so firmly that training hardly changes how the write
            heads walk: for what is heard without gaps and recalled in its order.
            `"walk-and-look-up"`: as "walk-and-search", but every second read head looks something
            up by content at every time step.
        head_noise: standard deviation of the noise on the raw numbers of the heads in training.
            It makes decisions that are nearly wrong wrong at times, so that they are learned
            with a margin.

    Call arguments:
        hidden: `(B, units)`, what drives the heads.
        states: `[memory, weights, reads]`: `(B, M, N)`, `(B, W+R, N)`, `(B, R*M)`. The weights of
            the write heads come first.
        touch: `(B, 1)`, boolean: which sequences touch the memory at this step; the states of
            the others stay as they are. Default: all.
        offset: `(B, numbers)`, added to the raw numbers of the heads: what does not come from
            `hidden`, for example noise.

    Returns:
        The states after this step; the read vectors are the last one.
    """

    def __init__(
        self,
        memory_size=128,
        memory_width=20,
        read_heads=1,
        write_heads=1,
        shift_range=1,
        order="write-first",
        memory_initializer=1e-6,
        learn_initial_memory=False,
        initial_heads="first",
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
        self.shift_range = check_shift_range(shift_range, memory_size)
        self.initial_heads = check_choice("initial_heads", initial_heads, tuple(INITIAL_HEADS))
        start_writing, start_reading = INITIAL_HEADS[initial_heads]
        self.write_head = WriteHead(
            memory_width,
            check_positive_int("write_heads", write_heads),
            shift_range,
            **start_writing,
            name="write_head",
            dtype=self.dtype_policy,
        )
        self.read_head = ReadHead(
            memory_width,
            check_positive_int("read_heads", read_heads),
            shift_range,
            **start_reading,
            name="read_head",
            dtype=self.dtype_policy,
        )
        self.order = check_choice("order", order, ORDERS)
        self.state_shapes = [
            (memory_width, memory_size),
            (write_heads + read_heads, memory_size),
            (read_heads * memory_width,),
        ]

    @property
    def is_content(self):
        """Which of the raw numbers of all heads are content, not about where: `(numbers,)`."""
        return np.concatenate([self.write_head.is_content, self.read_head.is_content])

    @property
    def numbers(self):
        """How many raw numbers all heads take together."""
        return len(self.is_content)

    def build(self, input_shape):
        self.memory.build()
        self.write_head.build(input_shape)
        self.read_head.build(input_shape)
        self.built = True

    def get_initial_state(self, batch_size):
        """The initial memory; heads where they start; read vectors of zeros."""
        slots, writers = self.memory.memory_size, self.write_head.heads
        weights = np.zeros(self.state_shapes[1], "float32")
        weights[:, 0] = 1.0
        if self.initial_heads != "first":
            weights[writers:] = 1.0 / slots
        weights = ops.convert_to_tensor(weights[None], self.compute_dtype)
        return [
            self.memory.get_initial_state(batch_size),
            ops.tile(weights, (batch_size, 1, 1)),
            ops.zeros((batch_size, self.read_size), self.compute_dtype),
        ]

    def project(self, hidden):
        """The raw numbers of all heads, write heads first: one product.

        Where `hidden` does not depend on the memory, call this for all time steps at once.
        """
        heads = (self.write_head, self.read_head)
        kernel = ops.concatenate([head.kernel for head in heads], axis=-1)
        bias = ops.concatenate([head.bias for head in heads], axis=-1)
        return ops.matmul(hidden, kernel) + bias

    def move(self, projection, states):
        """One time step, from the raw numbers of all heads `(B, numbers)`."""
        memory, weights, _ = states
        move_write_read = ntm_access(self.move_write_read)
        write_first = self.order == "write-first"
        return list(
            move_write_read(projection, memory, weights, self.write_head.heads, write_first)
        )

    def move_write_read(self, projection, memory, weights, write_heads, write_first):
        """From the raw numbers, the memory `(B, M, N)` and the head weights `(B, W+R, N)`: the
        memory and the weights after this step, and the read vectors `(B, R*M)`.
        """
        memory = transposed(memory)
        split = write_heads * self.write_head.size
        write_numbers = self.write_head.split(projection[:, :split])
        read_numbers = self.read_head.split(projection[:, split:])

        size = self.read_head.addressing_size
        numbers = ops.concatenate([write_numbers[..., :size], read_numbers], axis=1)
        weights = address(memory, weights, **self.read_head.addressing(numbers)._asdict())

        written = write(
            memory, weights[:, :write_heads], *self.write_head.erase_and_add(write_numbers)
        )
        reads = read(written if write_first else memory, weights[:, write_heads:])
        return transposed(written), weights, ops.reshape(reads, (-1, self.read_size))

    def get_config(self):
        return {
            **super().get_config(),
            "read_heads": self.read_head.heads,
            "write_heads": self.write_head.heads,
            "shift_range": self.shift_range,
            "order": self.order,
            "initial_heads": self.initial_heads,
        }
