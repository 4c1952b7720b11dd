"""Access to a memory: in one time step the heads move, write and read. The contract of all of them.

Shapes: B batch, T time steps, N memory slots, M their width, R read heads.
"""

import keras
from keras import ops

from keras_s4ntm.backend.exporting import exporting_onnx
from keras_s4ntm.backend.random_numbers import normal
from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.memory.memory import Memory, get_initializer
from keras_s4ntm.layers.memory.states import where
from keras_s4ntm.ops.half_precision import saturated
from keras_s4ntm.ops.memory import read, transposed


class MemoryAccess(keras.layers.Layer):
    """A memory and the heads that access it.

    What the heads do at a time step follows from one vector, the *interface vector*: a linear map
    of what drives them. States and quantities have the names of the papers.

    A subclass has

    - `Arguments`: the dataclass that declares its arguments;
    - `State`: a NamedTuple of the states, `memory` `(B, M, N)` first and the read vectors `reads`
      `(B, R*M)` last;
    - `state_shapes`: a `State` of their shapes, without the batch;
    - `interface_size` and `is_content`: the length of the interface vector, and which of its
      numbers are content (keys, erase and add vectors);
    - `build(input_shape)`, which calls this class's;
    - `get_initial_state(batch_size)`;
    - `project(hidden)`: the interface vector, for one time step or for all of them at once;
    - `move(interface, state, trace)`: one time step in float32, `(state, quantities)`.

    Args:
        arguments: those of `Arguments`, by keyword.

    Call arguments:
        hidden: `(B, H)`, what drives the heads.
        state: a `State`.
        access_mask: `(B, 1)`, boolean: which sequences access the memory at this time step. The
            states of the others stay as they are. Default: all.
        offset: `(B, interface_size)`, added to the interface vector: what does not come from
            `hidden`.
        trace: whether the quantities are wanted, or a function that may replace them, see `step`.
            It also gets `reads`, the read vectors, after all others.

    Returns:
        `(state, quantities)`.
    """

    def __init__(self, **arguments):
        own, rest = claim(self, arguments, self.Arguments)
        super().__init__(**rest)
        self.arguments = self.Arguments(**own)
        self.seed_generator = keras.random.SeedGenerator()
        self.memory = Memory(
            self.arguments.memory_size,
            self.arguments.memory_width,
            initializer=self.arguments.memory_initializer,
            learn_initial=self.arguments.learn_initial_memory,
            name="memory",
            dtype=self.dtype_policy,
        )
        self.similarity = {
            "cosine_epsilon": self.arguments.cosine_epsilon,
            "norm_epsilon": self.arguments.norm_epsilon,
        }
        if self.has_own_initial_reads:
            initializer = self.arguments.reads_initializer
            self.reads_initializer = get_initializer("reads_initializer", initializer)

    def build(self, input_shape):
        self.memory.build()
        if self.has_own_initial_reads:
            self.own_initial_reads = self.add_weight(
                name="initial_reads",
                shape=(self.read_size,),
                initializer=self.reads_initializer,
                trainable=self.arguments.learn_initial_reads,
            )
        self.built = True

    @property
    def has_own_initial_reads(self):
        """Whether the read vectors before the first time step are a weight: neither zeros nor what
        the memory holds.
        """
        own = self.arguments
        return own.learn_initial_reads or own.reads_initializer not in ("memory", 0)

    def initial_reads(self, memory, read_weights=None):
        """The read vectors before the first time step.

        Args:
            memory: `(B, M, N)`, the initial memory, transposed.
            read_weights: `(B, R, N)`, where the read heads start. Default: nowhere.

        Returns:
            `(B, R*M)`.
        """
        batch_size = ops.shape(memory)[0]
        if self.has_own_initial_reads:
            own = ops.cast(self.own_initial_reads, self.compute_dtype)
            return ops.tile(ops.expand_dims(own, 0), (batch_size, 1))
        if self.arguments.reads_initializer == "memory" and read_weights is not None:
            return ops.reshape(read(transposed(memory), read_weights), (-1, self.read_size))
        return ops.zeros((batch_size, self.read_size), self.compute_dtype)

    @property
    def read_size(self):
        """R * M, the length of all read vectors together."""
        return self.state_shapes.reads[0]

    def call(self, hidden, state, access_mask=None, offset=None, trace=False):
        def accessed():
            interface = self.project(hidden)
            interface = interface if offset is None else ops.add(interface, offset)
            return self.step(interface, state, trace)

        def accessed_by_some():
            new, quantities = accessed()
            pairs = zip(new, state, strict=True)
            return self.State(*(where(access_mask, a, b) for a, b in pairs)), quantities

        if access_mask is not None and not trace and not exporting_onnx():
            some = ops.any(access_mask)
            return ops.cond(some, lambda: accessed_by_some()[0], lambda: state), None
        new, quantities = accessed() if access_mask is None else accessed_by_some()
        return new._replace(reads=replaced(trace, "reads", new.reads)), quantities

    def step(self, interface, state, trace=False):
        """One time step; it is computed in float32 whatever the dtype policy.

        Args:
            interface: `(B, interface_size)`.
            state: a `State`.
            trace: whether the quantities are wanted. Without them a form of the step may run that
                is faster on this backend and does not hand them out. Or a function of the name of
                a quantity and its value: it gets those that the access lets be replaced
                (`replaced`) and returns what the step goes on with.

        Returns:
            `(state, quantities)`: the `State` after the step, and a dictionary of all that it
            computed, by the names of the paper, or `None`.
        """
        lower = self.compute_dtype != "float32"
        if self.arguments.interface_clip is not None:
            limit = self.arguments.interface_clip
            interface = ops.clip(interface, -limit, limit)
        if lower:
            interface, *state = (ops.cast(x, "float32") for x in (interface, *state))
            state = self.State(*state)
        state, quantities = self.move(interface, state, trace)
        if lower:
            state = self.State(*(saturated(x, self.compute_dtype) for x in state))
        return state, quantities if trace else None

    def draw_noise(self, batch, time):
        """The noise of all time steps `(B, T, interface_size)`, or `None` if there is none."""
        if self.arguments.head_noise == 0:
            return None
        shape = (batch, time, self.interface_size)
        noise = normal(shape, self.arguments.head_noise, self.seed_generator)
        return ops.cast(noise, self.compute_dtype)

    def get_config(self):
        config = {**super().get_config(), **self.arguments.config()}
        config["memory_initializer"] = keras.initializers.serialize(self.memory.initializer)
        if isinstance(config["reads_initializer"], keras.Initializer):
            config["reads_initializer"] = keras.initializers.serialize(self.reads_initializer)
        return config


def replaced(trace, name, value):
    """What a step goes on with once it has computed a quantity.

    Args:
        trace: see `MemoryAccess.step`.
        name: of the quantity; `weights` are those of all heads, write heads first.
        value: `(B, ...)`.

    Returns:
        `value`, unless `trace` is a function that puts something else in its place.
    """
    return trace(name, value) if callable(trace) else value
