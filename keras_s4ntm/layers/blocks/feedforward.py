"""The layer that mixes channels, not time steps.

Sources: Vaswani et al. 2017, "Attention Is All You Need", equation 2, with GELU; Shazeer 2020,
"GLU Variants Improve Transformer", equation 6.
"""

import keras
from keras import ops

from keras_s4ntm.backend.exporting import gelu
from keras_s4ntm.layers.blocks.arguments import FeedForwardArguments, GatedFeedForwardArguments
from keras_s4ntm.layers.blocks.mixer import Mixer, project


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class FeedForward(Mixer):
    """`GELU(x W_1 + b_1) W_2 + b_2`, at every time step alike.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see `FeedForwardArguments`.

    Call arguments:
        inputs: `(B, T, H)` or `(B, H)`.
        mask: of no effect.
    """

    Arguments = FeedForwardArguments

    def build(self, input_shape):
        super().build(input_shape)
        hidden = self.arguments.hidden_units
        self.kernel_1 = self.add_kernel("kernel_1", self.units, hidden)
        self.bias_1 = self.add_weight(name="bias_1", shape=(hidden,), initializer="zeros")
        self.kernel_2 = self.add_kernel("kernel_2", hidden, self.units)
        self.bias_2 = self.add_weight(name="bias_2", shape=(self.units,), initializer="zeros")

    def call(self, inputs, mask=None):
        hidden = gelu(project(inputs, self.kernel_1) + self.bias_1)
        return project(hidden, self.kernel_2) + self.bias_2

    def step(self, inputs, states):
        return self(inputs), states


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class GatedFeedForward(FeedForward):
    """`(SiLU(x W_1) * x W_3) W_2` (SwiGLU), at every time step alike.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see `GatedFeedForwardArguments`.

    Call arguments:
        inputs: `(B, T, H)` or `(B, H)`.
        mask: of no effect.
    """

    Arguments = GatedFeedForwardArguments

    def build(self, input_shape):
        Mixer.build(self, input_shape)
        hidden = self.arguments.hidden_units
        self.kernel_1 = self.add_kernel("kernel_1", self.units, hidden)
        self.kernel_3 = self.add_kernel("kernel_3", self.units, hidden)
        self.kernel_2 = self.add_kernel("kernel_2", hidden, self.units)

    def call(self, inputs, mask=None):
        gate = ops.silu(project(inputs, self.kernel_1))
        return project(gate * project(inputs, self.kernel_3), self.kernel_2)
