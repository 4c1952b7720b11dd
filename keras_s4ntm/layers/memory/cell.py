"""One time step of a memory network: a controller and an access to a memory, composed.

Shapes: B batch, I inputs, H controller units, M memory width, R read heads.
"""

from itertools import islice
from typing import Any, NamedTuple

import keras
from keras import ops

from keras_s4ntm.layers.arguments import check_dtypes, claim
from keras_s4ntm.layers.controllers.controller import input_initializer
from keras_s4ntm.layers.controllers.get import get_controller
from keras_s4ntm.layers.memory.arguments import CellArguments
from keras_s4ntm.layers.memory.schedule import AccessSchedule
from keras_s4ntm.layers.memory.states import flattened, shaped, sizes_of
from keras_s4ntm.ops.half_precision import widened


class CellState(NamedTuple):
    """The states of a cell, in the order of its flat states."""

    output: Any  # (B, output_size), the previous output: masks need it on JAX
    schedule: list  # how much of the next access is due, where the schedule counts it
    controller: list
    access: NamedTuple  # the `State` of the access


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class MemoryCell(keras.layers.Layer):
    """A controller and an access to a memory: a Keras RNN cell.

    The controller sees the input and the read vectors of the step before. Its output drives the
    heads, which move, write and read.

    Args:
        controller: a `Controller`, or any Keras RNN cell.
        access: a `MemoryAccess`.
        **arguments: see `CellArguments`.

    Call arguments:
        inputs: `(B, I)`.
        states: flat tensors `(B, size)`, the parts of a `CellState` one after the other.

    Returns:
        `(output, new_states)`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> cell = MemoryCell(keras.layers.GRUCell(64), DNCAccess(memory_size=32))
    >>> layer = MemoryRNN(cell, return_sequences=True)
    """

    def __init__(self, controller, access, **arguments):
        own, rest = claim(self, arguments, CellArguments)
        super().__init__(**rest)
        self.arguments = own = CellArguments(**own)
        self.controller = get_controller(controller, self.dtype_policy)
        self.access = access
        check_dtypes(self, self.controller, access)
        self.schedule = AccessSchedule(
            own.access_interval, probability=own.access_probability, name="schedule"
        )
        if self.schedule.once and not self.controller.parallel:
            raise ValueError(
                "access_interval='sequence' accesses the memory once, after all features: it needs "
                "a controller that does not see the read vectors, S4D without read_feedback."
            )
        if own.output == "controller" and self.controller.parallel:
            raise ValueError(
                "output='controller' needs a controller that sees the read vectors: this one does "
                "not, and the memory would have no effect."
            )
        hidden, reads = self.controller.output_size, access.read_size
        outputs = {"reads": reads, "recent-reads": 2 * reads, "controller": hidden}
        self.output_size = outputs.get(own.output, hidden + reads)
        sizes = [self.output_size, *self.schedule.state_size, *self.controller.state_size]
        self.state_shapes = [(size,) for size in sizes] + list(access.state_shapes)
        self.state_size = sizes_of(self.state_shapes)

    def build(self, input_shape):
        # Parts that come from a file are built already.
        if not self.controller.built:
            self.controller.build(input_shape[-1], self.access.read_size)
        if not self.access.built:
            self.access.build((None, self.controller.drive_size))
        if self.arguments.direct_inputs:
            self.direct_kernel = self.add_weight(
                name="direct_kernel",
                shape=(input_shape[-1], self.access.interface_size),
                initializer=self.initial_direct_kernel,
            )
        self.built = True

    def initial_direct_kernel(self, shape, dtype=None):
        """Weights for content and for addressing, each of the variance asked for."""
        content, addressing = (
            keras.initializers.get(input_initializer(variance))(shape, dtype)
            for variance in (
                self.arguments.direct_content_variance,
                self.arguments.direct_addressing_variance,
            )
        )
        return ops.where(self.access.is_content, content, addressing)

    def get_initial_state(self, batch_size):
        """Flat states `(batch_size, size)`: the memory at first, heads where they start, zeros."""
        if self.schedule.once:
            raise ValueError(
                "With access_interval='sequence' the heads are driven by the sequence as a whole; "
                "it cannot run step by step."
            )
        own = (self.output_size, *self.schedule.state_size)
        zeros = [ops.zeros((batch_size, size), self.compute_dtype) for size in own]
        return [
            *zeros,
            *self.controller.get_initial_state(batch_size),
            *flattened(self.access.get_initial_state(batch_size)),
        ]

    def named(self, states):
        """States with their shapes, a list, as a `CellState`."""
        states = iter(states)
        return CellState(
            output=next(states),
            schedule=list(islice(states, len(self.schedule.state_size))),
            controller=list(islice(states, len(self.controller.state_size))),
            access=self.access.State(*states),
        )

    def project_inputs(self, inputs):
        """What needs the inputs alone, for one time step or for all of them at once, by name."""
        projected = {"controller": self.controller.project_inputs(inputs)}
        if self.arguments.direct_inputs:
            projected["direct"] = self.direct(inputs)
        return projected

    def direct(self, inputs):
        """What reaches the heads directly, for one time step or for all of them at once."""
        return ops.matmul(widened(inputs), self.direct_kernel)

    def interface(self, hidden, inputs):
        """The interface vector, for one time step or for all of them at once."""
        interface = self.access.project(hidden)
        if self.arguments.direct_inputs:
            interface = ops.add(interface, self.direct(inputs))
        return interface

    def output(self, hidden, reads, reads_before):
        """The output, for one time step or for all of them at once."""
        parts = {
            "all": [hidden, reads],
            "reads": [reads],
            "recent-reads": [reads, reads_before],
            "controller": [hidden],
        }
        return ops.concatenate(parts[self.arguments.output], axis=-1)

    def step(
        self,
        projected,
        states,
        access_mask=None,
        noise=None,
        constants=None,
        features=None,
        trace=False,
    ):
        """One time step.

        Args:
            projected: `project_inputs` of the inputs of this time step.
            states: a list, with the shapes of `state_shapes`.
            access_mask: `(B, 1)`, which sequences access the memory; default: as scheduled.
            noise: `(B, interface_size)`, added to the interface vector.
            constants: `controller.constants()`, where they were computed before a loop.
            features: `(B, H)`, the controller's output, where that of all time steps was computed
                at once. The states of the controller then stay as they are.
            trace: see `MemoryAccess.step`.

        Returns:
            `(output, new_states, quantities)`, see `MemoryAccess.step`. Among the quantities are
            `controller_outputs` and `accessed`, the access mask.
        """
        state = self.named(states)
        constants = self.controller.constants() if constants is None else constants
        scheduled, schedule = self.schedule.next(state.schedule)
        access_mask = scheduled if access_mask is None else access_mask
        hidden, controller = features, state.controller
        if features is None:
            hidden, controller = self.controller.step(
                projected["controller"], state.access.reads, state.controller, constants
            )
        offset = projected.get("direct")
        if noise is not None:
            offset = noise if offset is None else ops.add(offset, noise)
        driving = self.controller.drive(hidden, controller)
        access, quantities = self.access.call(driving, state.access, access_mask, offset, trace)
        output = self.output(hidden, access.reads, state.access.reads)
        if trace:
            everyone = ops.ones_like(hidden[:, :1], "bool")
            quantities = {
                **quantities,
                "controller_outputs": hidden,
                "accessed": everyone if access_mask is None else access_mask,
            }
        return output, [output, *schedule, *controller, *access], quantities

    def call(self, inputs, states, training=None):
        states = shaped(states, self.state_shapes)
        output, states, _ = self.step(self.project_inputs(inputs), states)
        return output, flattened(states)

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments.config(),
            "controller": keras.saving.serialize_keras_object(self.controller),
            "access": keras.saving.serialize_keras_object(self.access),
        }

    @classmethod
    def from_config(cls, config):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("controller", "access")
        }
        return cls(**{**config, **parts})
