"""The heads of the NTM: what the controller's output means to the memory.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", sections 3.2 and 3.3.

A layer here stands for *all* read heads, or all write heads, of a network: their parameters come
from one matrix product.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.conventions import SHIFT_ORDERS
from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.ntm.arguments import AddressingArguments, WritingArguments
from keras_s4ntm.ops import activation


class Addressing(NamedTuple):
    """Where a head looks, and how sharply: each `(B, H)` or `(B, H, ...)`."""

    key: Any  # (B, H, M)
    strength: Any  # (B, H), > 0
    gate: Any  # (B, H), in (0, 1)
    shift: Any  # (B, H, 2S+1), a distribution over -S to +S, in ascending order
    gamma: Any  # (B, H), >= 1


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class ReadHead(keras.layers.Layer):
    """Read heads: from the controller's output to where they look.

    Args:
        memory_width: M, the length of a key.
        heads: how many heads.
        shift_range: S; a head moves by -S to +S slots in a time step.
        strength_bias, interpolation_bias, shift_bias: initial biases of the key strength, of the
            interpolation gate and of the shift by +1, before softplus, sigmoid and softmax: what
            the heads are inclined to before they have learned anything. A number each, or a list
            of numbers that the heads take in turn.
        content_scale: how many times as large as Glorot's the initial weights of key, erase and
            add vectors are.
        **arguments: the activations and the order of the shift weights, see `AddressingArguments`.

    Call arguments:
        controller_output: `(B, H)`.

    Returns:
        An `Addressing`. Unless told otherwise key = tanh, strength = softplus, gate = sigmoid,
        shift = softmax, gamma = 1 + softplus of a linear map of the controller's output.
    """

    Arguments = AddressingArguments

    def __init__(
        self,
        memory_width,
        *,
        heads=1,
        shift_range=1,
        strength_bias=0.0,
        interpolation_bias=0.0,
        shift_bias=0.0,
        content_scale=1.0,
        **arguments,
    ):
        own, rest = claim(self, arguments, self.Arguments)
        super().__init__(**rest)
        self.arguments = self.Arguments(**own)
        self.activations = self.arguments.activations(activation)
        self.biases = {
            "strength_bias": strength_bias,
            "interpolation_bias": interpolation_bias,
            "shift_bias": shift_bias,
        }
        self.content_scale = content_scale
        self.memory_width = check_positive_int("memory_width", memory_width)
        self.heads = check_positive_int("heads", heads)
        self.shift_range = check_positive_int("shift_range", shift_range)
        self.displacements = SHIFT_ORDERS[self.arguments.shift_order](self.shift_range)

    @property
    def addressing_size(self):
        """Numbers that one head's addressing takes: key, strength, gate, gamma, shift."""
        return self.memory_width + 3 + 2 * self.shift_range + 1

    @property
    def size(self):
        """Numbers of the interface vector that one head takes."""
        return self.addressing_size

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.heads * self.size),
            initializer=self.initial_kernel,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.heads * self.size,),
            initializer=self.initial_bias,
        )
        self.built = True

    @property
    def is_content(self):
        """Which of the heads' numbers are content: key, erase and add vectors."""
        place = np.tile(np.arange(self.size), self.heads)
        return (place < self.memory_width) | (place >= self.addressing_size)

    def initial_kernel(self, shape, dtype=None):
        """Glorot's uniform weights, those of content scaled."""
        scale = np.where(self.is_content, self.content_scale, 1.0)
        return keras.initializers.GlorotUniform()(shape, dtype) * ops.cast(scale, dtype)

    def initial_bias(self, shape, dtype=None):
        """The initial biases where `addressing` looks for them, zeros elsewhere."""
        bias = np.zeros((self.heads, self.size))
        strength, gate, first_shift = self.memory_width + np.array([0, 1, 3])
        places = {
            "strength_bias": strength,
            "interpolation_bias": gate,
            "shift_bias": first_shift + self.displacements.index(1),
        }
        for name, place in places.items():
            bias[:, place] = np.resize(self.biases[name], self.heads)
        return ops.convert_to_tensor(bias.reshape(shape), dtype)

    def project(self, controller_output):
        """The part of the interface vector for every head: `(B, H)` to `(B, heads, size)`."""
        return self.split(ops.matmul(controller_output, self.kernel) + self.bias)

    def split(self, interface):
        """`(B, heads * size)` as `(B, heads, size)`."""
        return ops.reshape(interface, (-1, self.heads, self.size))

    def addressing(self, interface):
        """A part `(B, H, addressing_size)` of the interface vector, as an `Addressing`."""
        width, of = self.memory_width, self.activations
        shift = ops.softmax(interface[..., width + 3 :], axis=-1)
        if self.arguments.shift_order != "ascending":
            shift = ops.take(shift, np.argsort(self.displacements), axis=-1)
        return Addressing(
            key=of["key"](interface[..., :width]),
            strength=of["strength"](interface[..., width]),
            gate=of["gate"](interface[..., width + 1]),
            gamma=of["sharpening"](interface[..., width + 2]),
            shift=shift,
        )

    def call(self, controller_output):
        return self.addressing(self.project(controller_output))

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments.config(),
            "memory_width": self.memory_width,
            "heads": self.heads,
            "shift_range": self.shift_range,
            **self.biases,
            "content_scale": self.content_scale,
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class WriteHead(ReadHead):
    """Write heads: where they look, as a `ReadHead`, and what they erase and add there.

    Its activations: see `WritingArguments`.

    Returns:
        `(addressing, erase, add)`: unless told otherwise erase = sigmoid and add = tanh, each
        `(B, heads, M)`.
    """

    Arguments = WritingArguments

    @property
    def size(self):
        return self.addressing_size + 2 * self.memory_width

    def erase_and_add(self, interface):
        """A part `(B, H, size)` of the interface vector, as erase and add vectors `(B, H, M)`."""
        erase, add = ops.split(interface[..., self.addressing_size :], 2, axis=-1)
        return self.activations["erase"](erase), self.activations["add"](add)

    def call(self, controller_output):
        interface = self.project(controller_output)
        addressing = self.addressing(interface[..., : self.addressing_size])
        return addressing, *self.erase_and_add(interface)
