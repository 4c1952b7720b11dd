"""The feed-forward controller."""

import keras
from keras import ops

from keras_s4ntm.layers.controllers.arguments import units_list
from keras_s4ntm.layers.controllers.controller import Controller, input_initializer


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class FeedForwardController(Controller):
    """A controller without a memory of its own: dense layers on `[input; reads]`.

    Args:
        units: units of the layer, or a list for stacked layers.
        input_variance: see `ControllerArguments`.
        activation: any Keras activation.
    """

    def __init__(self, units, *, input_variance=None, activation="tanh", **kwargs):
        super().__init__(**kwargs)
        self.units = units_list(units)
        self.input_variance = input_variance
        self.activation = keras.activations.get(activation)
        self.state_size = []
        self.output_size = self.units[-1]

    def build(self, input_size, read_size):
        below = read_size
        self.input_kernel = self.add_weight(
            name="input_kernel",
            shape=(input_size, self.units[0]),
            initializer=input_initializer(self.input_variance),
        )
        self.kernels, self.biases = [], []
        for i, units in enumerate(self.units):
            self.kernels.append(self.add_weight(name=f"kernel_{i}", shape=(below, units)))
            self.biases.append(
                self.add_weight(name=f"bias_{i}", shape=(units,), initializer="zeros")
            )
            below = units
        self.built = True

    def project_inputs(self, inputs):
        return ops.matmul(inputs, self.input_kernel) + self.biases[0]

    def step(self, projected, reads, states, constants):
        output = self.activation(projected + ops.matmul(reads, self.kernels[0]))
        for kernel, bias in zip(self.kernels[1:], self.biases[1:], strict=True):
            output = self.activation(ops.matmul(output, kernel) + bias)
        return output, []

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "input_variance": self.input_variance,
            "activation": keras.activations.serialize(self.activation),
        }
