"""Arguments that every memory, and every cell with a memory, has."""

from dataclasses import dataclass

from keras_s4ntm.checks import (
    check_choice,
    check_not_negative,
    check_positive,
    check_positive_int,
)
from keras_s4ntm.conventions import COSINE_EPSILON, NORM_EPSILON
from keras_s4ntm.layers.arguments import Arguments

OUTPUTS = ("all", "reads", "recent-reads", "controller")


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
        reads_initializer: the read vectors before the first time step, which the controller sees
            in it: a number, a Keras initializer, or `"memory"`: what the heads read from the
            initial memory where they start.
        learn_initial_reads: whether these read vectors are trained.
        cosine_epsilon: of content addressing: added to the product of the norms.
        norm_epsilon: of content addressing: added to the square of a norm.
        interface_clip: the largest absolute value of a number in the interface vector. Default:
            any.
        head_noise: standard deviation of the noise on the interface vector in training. It makes
            decisions that are nearly wrong wrong at times, so that they are learned with a margin.
    """

    orders = ("write-first", "read-first")  # those that `order` may be

    memory_size: int = 128
    memory_width: int = 20
    read_heads: int = 1
    order: str = "write-first"
    memory_initializer: float | str = 1e-6
    learn_initial_memory: bool = False
    reads_initializer: float | str = 0.0
    learn_initial_reads: bool = False
    cosine_epsilon: float = COSINE_EPSILON
    norm_epsilon: float = NORM_EPSILON
    interface_clip: float | None = None
    head_noise: float = 0.0

    def __post_init__(self):
        self.memory_size = check_positive_int("memory_size", self.memory_size)
        self.memory_width = check_positive_int("memory_width", self.memory_width)
        self.read_heads = check_positive_int("read_heads", self.read_heads)
        check_choice("order", self.order, self.orders)
        if self.learn_initial_reads and self.reads_initializer == "memory":
            raise ValueError(
                "learn_initial_reads trains read vectors of their own; with "
                "reads_initializer='memory' they follow from the memory. Use one of the two."
            )
        check_not_negative("cosine_epsilon", self.cosine_epsilon)
        check_positive("norm_epsilon", self.norm_epsilon)
        if self.interface_clip is not None:
            check_positive("interface_clip", self.interface_clip)
        check_not_negative("head_noise", self.head_noise)


@dataclass(kw_only=True)
class CellArguments(Arguments):
    """Of a cell: what it puts out, when it accesses its memory, what reaches the heads.

    Args:
        output: `"all"`: the controller's output, then the read vectors. `"reads"`: the read vectors
            alone: nothing then reaches the output but through the memory. `"recent-reads"`: the
            read vectors of this time step, then those of the step before. `"controller"`: the
            controller's output alone, of a controller that sees the read vectors.
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
