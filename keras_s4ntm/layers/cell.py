"""One time step of a memory network: a controller and an access to a memory.

Shapes: B batch, M memory width, R read heads.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_choice
from keras_s4ntm.layers.controllers import get_controller
from keras_s4ntm.layers.schedule import AccessSchedule
from keras_s4ntm.layers.states import flattened, shaped, sizes_of

OUTPUTS = ("reads", "all")


class MemoryCell(keras.layers.Layer):
    """A Keras RNN cell: the controller sees the input and the read vectors of the step before; its
    output drives the access to the memory.

    Args:
        access: an `Access`; its constructor's arguments are arguments of the subclass.
        units, controller, output, access_probability: see `NTMCell`.

    Call arguments:
        inputs: `(B, input_size)`.
        states: flat tensors: the previous output; with an access_probability below 1 the steps
            since the last access; the states of the controller; those of the access, of which the
            read vectors `(B, R*M)` are the last.

    Returns:
        `(output, new_states)`.
    """

    def __init__(
        self, access, units=100, controller="lstm", output="reads", access_probability=1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.units = units
        self.schedule = AccessSchedule(probability=access_probability, name="schedule")
        self.controller_argument = controller
        self.output_argument = check_choice("output", output, OUTPUTS)
        self.controller = get_controller(controller, units, self.dtype_policy)
        self.access = access
        self.output_size = self.access.read_size
        if output == "all":
            self.output_size += self.controller.output_size
        sizes = [self.output_size, *self.schedule.state_size, *self.controller.state_size]
        self.state_shapes = [(size,) for size in sizes] + self.access.state_shapes
        self.state_size = sizes_of(self.state_shapes)

    def build(self, input_shape):
        self.controller.build(input_shape[-1], self.access.read_size)
        self.access.build((None, self.controller.output_size))
        self.built = True

    def get_initial_state(self, batch_size):
        own = self.state_size[: -len(self.access.state_shapes)]
        zeros = [ops.zeros((batch_size, size), self.compute_dtype) for size in own]
        return zeros + flattened(self.access.get_initial_state(batch_size))

    def project_inputs(self, inputs):
        """What needs the inputs alone, for one time step or for all of them at once."""
        return self.controller.project_inputs(inputs)

    def step(self, projected, states, touch=None, noise=None):
        """One time step from projected inputs: `(output, new_states)`; states as `state_shapes`.

        `touch` says which sequences access the memory; default: what the schedule says. `noise`
        goes to the heads.
        """
        first = 1 + len(self.schedule.state_size)
        last = first + len(self.controller.state_size)
        due, steps = self.schedule.due(states[1:first])
        touch = due if touch is None else touch
        controller_states, access_states = list(states[first:last]), list(states[last:])
        hidden, controller_states = self.controller.step(
            projected, access_states[-1], controller_states
        )
        access_states = self.access.call(hidden, access_states, touch, noise)
        output = access_states[-1]
        if self.output_argument == "all":
            output = ops.concatenate([hidden, output], axis=-1)
        return output, [output, *steps, *controller_states, *access_states]

    def call(self, inputs, states, training=None):
        output, states = self.step(self.project_inputs(inputs), shaped(states, self.state_shapes))
        return output, flattened(states)

    def get_config(self):
        controller = self.controller_argument
        if not isinstance(controller, str):
            controller = keras.saving.serialize_keras_object(controller)
        return {
            **self.access.get_config(),
            **super().get_config(),
            "units": self.units,
            "controller": controller,
            "output": self.output_argument,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**deserialized_controller(config))


def deserialized_controller(config):
    """The config with its controller as an object, where it was one."""
    if isinstance(config["controller"], dict):
        controller = keras.saving.deserialize_keras_object(config["controller"])
        return {**config, "controller": controller}
    return config
