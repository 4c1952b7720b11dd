"""The heads: what the controller's output means to the memory.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", sections 3.2 and 3.3.

A layer here stands for *all* read heads, or all write heads, of a network: their parameters come
from one matrix product.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_s4ntm.checks import check_positive_int


class Addressing(NamedTuple):
    """What a head says about where it looks, each `(B, H)` or `(B, H, ...)`."""

    key: Any  # (B, H, M)
    strength: Any  # (B, H), > 0
    gate: Any  # (B, H), in (0, 1)
    shift: Any  # (B, H, 2S+1), a distribution
    gamma: Any  # (B, H), >= 1


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class ReadHead(keras.layers.Layer):
    """Read heads: from the controller's output to where they look.

    Args:
        memory_width: M, the length of a key.
        heads: how many heads.
        shift_range: S; a head moves by -S to +S slots in a step.
        strength, gate, step: initial biases, in logits, of the key strength, of the interpolation
            gate and of the shift by +1: what the heads are inclined to before they have learned
            anything. A number each, or a list of numbers that the heads take in turn.
        content: how much larger than usual (Glorot's) the initial weights of key, erase and add
            are.

    Call arguments:
        controller_output: `(B, units)`.

    Returns:
        An `Addressing`: key = tanh, strength = softplus, gate = sigmoid, shift = softmax,
        gamma = 1 + softplus of a linear map of the controller's output.
    """

    def __init__(
        self,
        memory_width,
        heads=1,
        shift_range=1,
        strength=0.0,
        gate=0.0,
        step=0.0,
        content=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.initial_biases = {"strength": strength, "gate": gate, "step": step}
        self.content = content
        self.memory_width = check_positive_int("memory_width", memory_width)
        self.heads = check_positive_int("heads", heads)
        self.shift_range = check_positive_int("shift_range", shift_range)

    @property
    def addressing_size(self):
        """Numbers that one head's addressing takes: key, strength, gate, gamma, shift."""
        return self.memory_width + 3 + 2 * self.shift_range + 1

    @property
    def size(self):
        """Numbers that one head takes from the controller."""
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
        """Which of the heads' numbers are content (key, erase, add), not about where."""
        place = np.tile(np.arange(self.size), self.heads)
        return (place < self.memory_width) | (place >= self.addressing_size)

    def initial_kernel(self, shape, dtype=None):
        """Glorot's uniform weights, those of content scaled."""
        scale = np.where(self.is_content, self.content, 1.0)
        return keras.initializers.GlorotUniform()(shape, dtype) * ops.cast(scale, dtype)

    def initial_bias(self, shape, dtype=None):
        """The initial biases where `addressing` looks for them, zeros elsewhere."""
        bias = np.zeros((self.heads, self.size))
        strength, gate, shift = self.memory_width + np.array([0, 1, 3])
        places = {"strength": strength, "gate": gate, "step": shift + self.shift_range + 1}
        for name, place in places.items():
            bias[:, place] = np.resize(self.initial_biases[name], self.heads)
        return ops.convert_to_tensor(bias.reshape(shape), dtype)

    def numbers(self, controller_output):
        """The raw numbers of every head: `(B, units)` to `(B, heads, size)`."""
        return self.split(ops.matmul(controller_output, self.kernel) + self.bias)

    def split(self, projection):
        """`(B, heads * size)` as `(B, heads, size)`."""
        return ops.reshape(projection, (-1, self.heads, self.size))

    def addressing(self, numbers):
        """Raw numbers `(B, H, addressing_size)` of any heads, as an `Addressing`."""
        width = self.memory_width
        return Addressing(
            key=ops.tanh(numbers[..., :width]),
            strength=ops.softplus(numbers[..., width]),
            gate=ops.sigmoid(numbers[..., width + 1]),
            gamma=1.0 + ops.softplus(numbers[..., width + 2]),
            shift=ops.softmax(numbers[..., width + 3 :], axis=-1),
        )

    def call(self, controller_output):
        return self.addressing(self.numbers(controller_output))

    def get_config(self):
        return {
            **super().get_config(),
            "memory_width": self.memory_width,
            "heads": self.heads,
            "shift_range": self.shift_range,
            **self.initial_biases,
            "content": self.content,
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class WriteHead(ReadHead):
    """Write heads: where they look, as a `ReadHead`, and what they erase and add there.

    Returns:
        `(addressing, erase, add)`: erase = sigmoid and add = tanh, each `(B, heads, M)`.
    """

    @property
    def size(self):
        return self.addressing_size + 2 * self.memory_width

    def erase_and_add(self, numbers):
        """Raw numbers `(B, H, size)` of write heads, as the vectors erase and add `(B, H, M)`."""
        erase, add = ops.split(numbers[..., self.addressing_size :], 2, axis=-1)
        return ops.sigmoid(erase), ops.tanh(add)

    def call(self, controller_output):
        numbers = self.numbers(controller_output)
        addressing = self.addressing(numbers[..., : self.addressing_size])
        return addressing, *self.erase_and_add(numbers)
