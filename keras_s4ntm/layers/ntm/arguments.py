"""Arguments of the memory of a Neural Turing Machine."""

from dataclasses import dataclass

from keras_s4ntm.checks import (
    check_choice,
    check_finite,
    check_positive,
    check_positive_int,
    check_shift_range,
)
from keras_s4ntm.conventions import SHARPENING_EPSILON, SHIFT_ORDERS, parse_activation
from keras_s4ntm.layers.arguments import Arguments
from keras_s4ntm.layers.memory.arguments import MemoryArguments

INITIAL_WEIGHTS = ("first", "middle", "uniform", "zeros", "learned")


@dataclass(kw_only=True)
class AddressingArguments(Arguments):
    """Of heads: what keeps the numbers of their addressing within bounds.

    Activations are those of Keras by name, with a factor and an offset in front where wanted:
    `"softplus"`, `"1+softplus"`, `"10*sigmoid"`.

    Args:
        key_activation: of the key.
        strength_activation: of the key strength, beta.
        gate_activation: of the interpolation gate.
        sharpening_activation: of the sharpening, gamma.
        shift_order: what the shift weights stand for, with a shift range of 1: `"ascending"`: -1,
            0, +1; `"descending"`: +1, 0, -1; `"wrapped"`: 0, +1, -1. It matters for weights that
            come from elsewhere only.
    """

    key_activation: str = "tanh"
    strength_activation: str = "softplus"
    gate_activation: str = "sigmoid"
    sharpening_activation: str = "1+softplus"
    shift_order: str = "ascending"

    def __post_init__(self):
        self.activations(parse_activation)
        check_choice("shift_order", self.shift_order, SHIFT_ORDERS)

    def activations(self, function):
        """`{what it is of: function(argument's name, activation)}`."""
        return {
            name.removesuffix("_activation"): function(name, getattr(self, name))
            for name in self.names()
            if name.endswith("_activation")
        }


@dataclass(kw_only=True)
class WritingArguments(AddressingArguments):
    """Of write heads: the same, and the vectors that they erase and add.

    Args:
        erase_activation: of the erase vector.
        add_activation: of the add vector.
    """

    erase_activation: str = "sigmoid"
    add_activation: str = "tanh"


@dataclass(kw_only=True)
class NTMArguments(MemoryArguments, WritingArguments):
    """Of the memory and the heads of a Neural Turing Machine.

    All heads are addressed from the memory before the time step, whatever the `order`, but for a
    third one, `"write-then-address"`: there the read heads are addressed, and read, from the memory
    after the write.

    The biases are those of the heads before anything is learned, in logits. A gate with a bias of
    -3 is open by 5 %, a shift by +1 with a bias of 3 takes 91 % of the weight; with -6 and 8
    (0.2 %, 99.9 %) the first steps of training do not change that, with -10 and 13 hardly any do.

    Args:
        write_heads: W, the number of write heads.
        shift_range: S; a head moves by -S to +S slots in a time step.
        initial_read_weights, initial_write_weights: where the heads start. `"first"`: at slot 0;
            `"middle"`: at slot N // 2; `"uniform"`: everywhere at once; `"zeros"`: nowhere, with
            weights of zero; `"learned"`: by a softmax of numbers that are trained.
        circular_shift: whether the memory is a ring, so that a head that leaves it at one end
            enters at the other. Else what leaves it is lost.
        sharpening_epsilon: added to the weights before they are sharpened.
        write_interpolation_bias, read_interpolation_bias: of the interpolation gate.
        write_shift_bias, read_shift_bias: of the shift by +1.
        read_strength_bias: of the key strength. Of a list of values for read heads the heads take
            one each, in turn.
        content_scale: how many times as large as Glorot's the initial weights of keys, erase and
            add vectors are.
    """

    orders = (*MemoryArguments.orders, "write-then-address")

    write_heads: int = 1
    shift_range: int = 1
    initial_read_weights: str = "first"
    initial_write_weights: str = "first"
    circular_shift: bool = True
    sharpening_epsilon: float = SHARPENING_EPSILON
    write_interpolation_bias: float = 0.0
    write_shift_bias: float = 0.0
    read_interpolation_bias: float | list[float] = 0.0
    read_shift_bias: float | list[float] = 0.0
    read_strength_bias: float | list[float] = 0.0
    content_scale: float = 1.0

    def __post_init__(self):
        MemoryArguments.__post_init__(self)
        WritingArguments.__post_init__(self)
        self.write_heads = check_positive_int("write_heads", self.write_heads)
        self.shift_range = check_shift_range(self.shift_range, self.memory_size)
        for name in ("initial_read_weights", "initial_write_weights"):
            check_choice(name, getattr(self, name), INITIAL_WEIGHTS)
        check_positive("sharpening_epsilon", self.sharpening_epsilon)
        for name in BIASES:
            check_finite(name, getattr(self, name))
        check_positive("content_scale", self.content_scale)


BIASES = (
    "write_interpolation_bias",
    "write_shift_bias",
    "read_interpolation_bias",
    "read_shift_bias",
    "read_strength_bias",
)
