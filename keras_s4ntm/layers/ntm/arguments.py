"""Arguments of the memory of a Neural Turing Machine."""

from dataclasses import dataclass

from keras_s4ntm.checks import (
    check_choice,
    check_finite,
    check_positive,
    check_positive_int,
    check_shift_range,
)
from keras_s4ntm.layers.memory.arguments import MemoryArguments

INITIAL_READ_WEIGHTS = ("first", "uniform")


@dataclass(kw_only=True)
class NTMArguments(MemoryArguments):
    """Of the memory and the heads of a Neural Turing Machine.

    The biases are those of the heads before anything is learned, in logits. A gate with a bias of
    -3 is open by 5 %, a shift by +1 with a bias of 3 takes 91 % of the weight; with -6 and 8
    (0.2 %, 99.9 %) the first steps of training do not change that, with -10 and 13 hardly any do.

    Args:
        write_heads: W, the number of write heads.
        shift_range: S; a head moves by -S to +S slots in a time step.
        initial_read_weights: `"first"`: the read heads start at slot 0, as the write heads do;
            `"uniform"`: everywhere at once.
        write_interpolation_bias, read_interpolation_bias: of the interpolation gate.
        write_shift_bias, read_shift_bias: of the shift by +1.
        read_strength_bias: of the key strength. Of a list of values for read heads the heads take
            one each, in turn.
        content_scale: how many times as large as Glorot's the initial weights of keys, erase and
            add vectors are.
    """

    write_heads: int = 1
    shift_range: int = 1
    initial_read_weights: str = "first"
    write_interpolation_bias: float = 0.0
    write_shift_bias: float = 0.0
    read_interpolation_bias: float | list[float] = 0.0
    read_shift_bias: float | list[float] = 0.0
    read_strength_bias: float | list[float] = 0.0
    content_scale: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        self.write_heads = check_positive_int("write_heads", self.write_heads)
        self.shift_range = check_shift_range(self.shift_range, self.memory_size)
        check_choice("initial_read_weights", self.initial_read_weights, INITIAL_READ_WEIGHTS)
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
