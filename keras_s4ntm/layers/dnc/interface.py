"""The interface vector of the DNC: the parameters of all heads, by name and within their bounds.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods, "Interface parameters". Masks and the sharpness of links: Csordás and Schmidhuber 2019,
"Improving Differentiable Neural Computers Through Memory Masking, De-allocation, and Link
Distribution Sharpness Control".

Shapes: B batch, H controller units, M memory width, R read heads. There is one write head.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_s4ntm.conventions import READ_MODES
from keras_s4ntm.ops import activation, oneplus
from keras_s4ntm.ops.half_precision import widened

CONTENT = ("read_keys", "write_key", "erase", "add")


class Interface(keras.layers.Layer):
    """From the controller's output to the interface vector: one matrix product.

    Args:
        arguments: a `DNCArguments`.

    Call arguments:
        hidden: `(B, H)`.

    Returns:
        The interface vector `(B, size)`: in the paper `size = R M + 3 M + 5 R + 3`.
    """

    def __init__(self, arguments, **kwargs):
        super().__init__(**kwargs)
        self.arguments = arguments
        heads, width = arguments.read_heads, arguments.memory_width
        shapes = {
            "read_keys": (heads, width),
            "read_strengths": (heads,),
            "write_key": (1, width),
            "write_strength": (1,),
            "erase": (1, width),
            "add": (1, width),
            "free_gates": (heads,),
            "allocation_gate": (1,),
            "write_gate": (1,),
            "read_modes": (heads, 3),
        }
        if arguments.content_masking:
            shapes.update(read_masks=(heads, width), write_mask=(1, width))
        if arguments.link_sharpness:
            shapes.update(forward_sharpness=(heads,), backward_sharpness=(heads,))
        self.shapes = shapes
        self.size = sum(math.prod(shape) for shape in shapes.values())
        self.is_content = self.flat(dict.fromkeys(CONTENT, True), False)
        self.bounds = bounds(arguments)
        self.mode_places = [
            READ_MODES[arguments.read_mode_order].index(mode)
            for mode in READ_MODES["content-second"]
        ]

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.size), initializer=self.initial_kernel
        )
        self.bias = self.add_weight(name="bias", shape=(self.size,), initializer=self.initial_bias)
        self.built = True

    def flat(self, values, default):
        """Numbers given by name for parts of the interface vector, for all of it."""
        parts = [
            np.broadcast_to(values.get(name, default), shape).reshape(-1)
            for name, shape in self.shapes.items()
        ]
        return np.concatenate(parts)

    def initial_kernel(self, shape, dtype=None):
        """Glorot's uniform weights, scaled."""
        scales = {"read_keys": self.arguments.read_key_scale, "add": self.arguments.add_scale}
        scale = ops.cast(self.flat(scales, 1.0), dtype)
        return keras.initializers.GlorotUniform()(shape, dtype) * scale

    def initial_bias(self, shape, dtype=None):
        """The biases of the gates and of the read modes."""
        own = self.arguments
        modes = {"backward": own.backward_mode_bias, "forward": own.forward_mode_bias}
        biases = {
            "free_gates": own.free_gate_bias,
            "allocation_gate": own.allocation_gate_bias,
            "write_gate": own.write_gate_bias,
            "read_modes": [modes.get(mode, 0.0) for mode in READ_MODES[own.read_mode_order]],
        }
        return ops.convert_to_tensor(self.flat(biases, 0.0), dtype)

    def call(self, hidden):
        return ops.add(ops.matmul(widened(hidden), self.kernel), self.bias)

    def parts(self, interface):
        """The interface vector by name, within its bounds: `{name: (B, ...)}`.

        The read modes are backward, content, forward, whatever their order in the vector.
        """
        named, first = {}, 0
        for name, shape in self.shapes.items():
            # A slice: on PyTorch `ops.split` reads from a tensor, at every step, where to split.
            part = interface[:, first : first + math.prod(shape)]
            named[name] = self.bounds[name](ops.reshape(part, (-1, *shape)))
            first += math.prod(shape)
        if self.arguments.read_mode_order != "content-second":
            named["read_modes"] = ops.take(named["read_modes"], self.mode_places, axis=-1)
        if self.arguments.content_masking:
            floor = self.arguments.mask_floor
            for name in ("read_masks", "write_mask"):
                named[name] = floor + (1.0 - floor) * named[name]
        return named


def bounds(arguments):
    """What keeps each part within its bounds: the paper's, then those of 2019."""
    key = activation("key_activation", arguments.key_activation)
    strength = activation("strength_activation", arguments.strength_activation)
    return {
        "read_keys": key,
        "read_strengths": strength,
        "write_key": key,
        "write_strength": strength,
        "erase": ops.sigmoid,
        "add": activation("add_activation", arguments.add_activation),
        "free_gates": ops.sigmoid,
        "allocation_gate": ops.sigmoid,
        "write_gate": ops.sigmoid,
        "read_modes": ops.softmax,
        "read_masks": ops.sigmoid,
        "write_mask": ops.sigmoid,
        "forward_sharpness": oneplus,
        "backward_sharpness": oneplus,
    }
