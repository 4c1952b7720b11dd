"""The contract of controllers: what drives the heads of a memory.

Shapes: B batch, T time steps, I inputs, H units, R read heads, M memory width.
"""

import keras
from keras import ops


class Controller(keras.layers.Layer):
    """What drives the heads. It sees the input and the read vectors of the step before.

    A subclass has

    - `output_size`: H, the length of its output;
    - `state_size`: a list, the lengths of its states;
    - `build(input_size, read_size)`;
    - `project_inputs(inputs)`: what needs the inputs alone, for one time step or for all of them
      at once;
    - `step(projected, reads, states, constants)`: one time step, `(output, new_states)`.

    A controller whose output does not depend on the read vectors says so with `parallel`, and has
    `features`. One whose output is not what drives the heads has `drive` and `drive_size`.
    """

    parallel = False

    @property
    def drive_size(self):
        """The length of what drives the heads."""
        return self.output_size

    def drive(self, output, states):
        """What drives the heads, from the output and the new states of a time step."""
        return output

    def constants(self):
        """Tensors, or nests of them, that are the same at every time step: computed once, before
        the loop over time. `step` gets them.
        """
        return ()

    def features(self, inputs, mask=None, training=False):
        """The outputs of all time steps at once: `(B, T, I)` to `(B, T, H)`."""
        raise NotImplementedError

    def get_initial_state(self, batch_size):
        """Zeros, a list of tensors `(batch_size, size)`."""
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]


def input_initializer(variance):
    """The initializer of input weights: of this variance times the number of inputs; `None`:
    Glorot's.
    """
    if variance is None:
        return "glorot_uniform"
    return keras.initializers.VarianceScaling(variance, "fan_in", "uniform")
