"""Arguments that every memory, and every cell with a memory, has."""

import math
from dataclasses import dataclass

from keras_s4ntm.checks import check_choice, check_positive, check_positive_int
from keras_s4ntm.layers.arguments import Arguments

OUTPUTS = ("all", "reads", "recent-reads")
ORDERS = ("write-first", "read-first")


@dataclass(kw_only=True)
class MemoryArguments(Arguments):
    """Of a memory and the access to it.

    Args:
        memory_size: N, the number of slots.
        memory_width: M, the length of a slot's vector.
        read_heads: R, the number of read heads.
        order: `"write-first"`: the read vectors come from the memory after the write of the same
            time step; `"read-first"`: from the memory before it.
        memory_initializer: what the memory holds at first: a number or a Keras initializer.
        learn_initial_memory: whether the initial contents are trained.
        head_noise: standard deviation of the noise on the interface vector in training. It makes
            decisions that are nearly wrong wrong at times, so that they are learned with a margin.
    """

    memory_size: int = 128
    memory_width: int = 20
    read_heads: int = 1
    order: str = "write-first"
    memory_initializer: float | str = 1e-6
    learn_initial_memory: bool = False
    head_noise: float = 0.0

    def __post_init__(self):
        self.memory_size = check_positive_int("memory_size", self.memory_size)
        self.memory_width = check_positive_int("memory_width", self.memory_width)
        self.read_heads = check_positive_int("read_heads", self.read_heads)
        check_choice("order", self.order, ORDERS)
        if not isinstance(self.head_noise, int | float) or not 0 <= self.head_noise < math.inf:
            raise ValueError(f"head_noise must be a number from 0 on, got {self.head_noise!r}.")


@dataclass(kw_only=True)
class CellArguments(Arguments):
    """Of a cell: what it puts out, when it accesses its memory, what reaches the heads.

    Args:
        output: `"all"`: the controller's output, then the read vectors. `"reads"`: the read vectors
            alone: nothing then reaches the output but through the memory. `"recent-reads"`: the
            read vectors of this time step, then those of the step before.
        access_interval: k: the heads access the memory at every k-th time step. `"sequence"`:
            once, driven by the mean over time; only where the controller's output of all time
            steps is computed at once.
        access_probability: below 1 the memory is accessed at random time steps in training, each
            with this probability; without training at the same rate, in a regular pattern.
        direct_inputs: whether the inputs also reach the heads directly, through weights of their
            own, beside the controller's output.
        direct_content_variance: of these weights: the variance, times the number of inputs, of
            those that give keys, erase and add vectors. Default: Glorot's.
        direct_addressing_variance: the same of those that give all the other numbers.
    """

    output: str = "all"
    access_interval: int | str = 1
    access_probability: float = 1.0
    direct_inputs: bool = False
    direct_content_variance: float | None = None
    direct_addressing_variance: float | None = None

    def __post_init__(self):
        check_choice("output", self.output, OUTPUTS)
        for name in ("direct_content_variance", "direct_addressing_variance"):
            if getattr(self, name) is not None:
                check_positive(name, getattr(self, name))


@dataclass(kw_only=True)
class DirectCellArguments(CellArguments):
    """`CellArguments` of networks whose heads the inputs reach directly unless told otherwise."""

    direct_inputs: bool = True
