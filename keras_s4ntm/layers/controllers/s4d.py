"""S4D as a controller: state space features of the whole sequence drive the heads.

Source of the idea: Erekmen and Bünning 2024, "NTM-S4D". There the memory is read before anything
is written and is accessed once a sequence, so that it never receives a gradient. Here the features
of all time steps are computed in parallel by FFT, and the heads write and read at every time step
(or every k-th): only the memory is recurrent.

Shapes: B batch, T time steps, I inputs, H units.
"""

import keras
from keras import ops

from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.controllers.arguments import S4DArguments
from keras_s4ntm.layers.controllers.controller import Controller, input_initializer
from keras_s4ntm.layers.s4d.block import S4DBlock
from keras_s4ntm.ops.half_precision import saturated, widened


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DController(Controller):
    """A linear encoder and S4D blocks, one on the other.

    Without `read_feedback` it does not see the read vectors: its outputs of all time steps are
    computed at once, by FFT. Step by step it is the same network in recurrent form.

    Args:
        units: H, the channels of the features.
        **arguments: see `S4DArguments`.
    """

    def __init__(self, units=64, **arguments):
        own, rest = claim(self, arguments, S4DArguments)
        super().__init__(**rest)
        self.arguments = S4DArguments(units=units, **own)
        self.parallel = not self.arguments.read_feedback
        self.blocks = [
            S4DBlock(**self.arguments.block(), name=f"block_{i}", dtype=self.dtype_policy)
            for i in range(self.arguments.blocks)
        ]
        self.state_size = [size for block in self.blocks for size in block.state_size]
        self.output_size = self.arguments.units

    @property
    def drive_size(self):
        if self.arguments.head_inputs == "state":
            return 3 * self.blocks[-1].state_size[0]  # see `polar`
        return self.output_size

    def build(self, input_size, read_size):
        units = self.arguments.units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_size, units),
            initializer=input_initializer(self.arguments.input_variance),
        )
        self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
        if self.arguments.read_feedback:
            self.feedback_kernel = self.add_weight(name="feedback_kernel", shape=(read_size, units))
        for block in self.blocks:
            block.build((None, None, units))
        self.built = True

    def project_inputs(self, inputs):
        """The inputs as H channels."""
        hidden = ops.add(ops.matmul(widened(inputs), self.kernel), self.bias)
        return saturated(hidden, self.compute_dtype)

    def constants(self):
        """The discretized state spaces of all blocks."""
        return [block.transition() for block in self.blocks]

    def features(self, inputs, mask=None, training=False):
        hidden = self.project_inputs(inputs)
        for block in self.blocks:
            hidden = block(hidden, mask=mask, training=training)
        return hidden

    def step(self, projected, reads, states, constants):
        hidden, new_states = projected, []
        if self.arguments.read_feedback:
            hidden = widened(hidden) + ops.matmul(widened(reads), self.feedback_kernel)
            hidden = saturated(hidden, self.compute_dtype)
        for i, block in enumerate(self.blocks):
            hidden, state = block.step(hidden, states[2 * i : 2 * i + 2], constants[i])
            new_states += [saturated(part, self.compute_dtype) for part in state]
        return hidden, new_states

    def drive(self, output, states):
        if self.arguments.head_inputs == "state":
            state = (ops.cast(part, "float32") for part in states[-2:])
            return saturated(polar(*state), self.compute_dtype)
        return output

    def get_config(self):
        return {**super().get_config(), **self.arguments.config()}


def polar(real, imaginary):
    """Magnitudes of complex states, then cosines and sines of their phases; a phase itself would
    jump by 2 pi. At 0 all are 0, with finite gradients.
    """
    square = real * real + imaginary * imaginary
    there = square > 1e-12
    magnitude = ops.where(there, ops.sqrt(ops.where(there, square, 1.0)), 0.0)
    divisor = ops.where(there, magnitude, 1.0)
    parts = [magnitude, real / divisor, imaginary / divisor]
    return ops.concatenate([ops.where(there, part, 0.0) for part in parts], axis=-1)
