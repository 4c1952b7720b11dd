"""Arguments of SANTM."""

from dataclasses import dataclass

from keras_s4ntm.checks import (
    check_choice,
    check_not_negative,
    check_positive_int,
)
from keras_s4ntm.layers.arguments import Arguments
from keras_s4ntm.layers.ntm.arguments import NTMArguments

LOCALITIES = ("hard", "soft", None)
ATTENTIONS = ("cheb", "dot")
READOUTS = ("mean", "read")
LARGEST_MASK = 2**14  # places that two numbers of bfloat16 count exactly


@dataclass(kw_only=True)
class SegmentArguments(Arguments):
    """Of the two lower levels.

    Args:
        units: H, of the LSTM that ends segments, and of the one that is updated at their ends.
        mask_steps: T, after how many time steps the mask of accesses begins again; and the longest
            time that LSTMs start with (Tallec and Ollivier 2018).
    """

    units: int = 32
    mask_steps: int = 784

    def __post_init__(self):
        self.units = check_positive_int("units", self.units)
        self.mask_steps = check_positive_int("mask_steps", self.mask_steps)


@dataclass(kw_only=True)
class MaskArguments(Arguments):
    """Of the access mask.

    Args:
        mask_steps: T, after how many time steps the mask begins again.
        access_rate: the share of the time steps that may access the memory at the end of training.
            It falls from 1 to this rate during the first half.
        mask_penalty: mu of the l1 term: `mu * sum_t m_t` of the mask before it is rounded is added
            to the loss.
    """

    mask_steps: int = 784
    access_rate: float = 0.2
    mask_penalty: float = 0.0

    def __post_init__(self):
        self.mask_steps = check_positive_int("mask_steps", self.mask_steps)
        if self.mask_steps > LARGEST_MASK:
            raise ValueError(
                f"mask_steps must be at most {LARGEST_MASK}, got {self.mask_steps}. In a longer "
                "sequence the mask begins again after mask_steps."
            )
        rate = self.access_rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise ValueError(f"access_rate must be in (0, 1], got {rate!r}.")
        check_not_negative("mask_penalty", self.mask_penalty)


@dataclass(kw_only=True)
class SlotAttentionArguments(Arguments):
    """Of attention between slots.

    Args:
        attention: `"cheb"`: queries, keys and values are convolutions on a ring of slots; `"dot"`:
            they are linear maps of each slot, as in the released code.
        attention_heads: h; each has an equal share of the memory's width.
        chebyshev_order: K, how many Chebyshev polynomials, from 1 to 5.
        reach: r; on the ring slots up to this distance are neighbours.
        locality: what slots further apart than `K r` are to each other. `"hard"`: they do not look
            at each other; `"soft"`: the less, the further apart, by a learned factor; `None`: the
            same as others.
    """

    attention: str = "cheb"
    attention_heads: int = 4
    chebyshev_order: int = 3
    reach: int = 1
    locality: str | None = "hard"

    def __post_init__(self):
        check_choice("attention", self.attention, ATTENTIONS)
        self.attention_heads = check_positive_int("attention_heads", self.attention_heads)
        check_choice("chebyshev_order", self.chebyshev_order, (1, 2, 3, 4, 5))
        self.reach = check_positive_int("reach", self.reach)
        check_choice("locality", self.locality, LOCALITIES)


@dataclass(kw_only=True)
class SparseMemoryArguments(NTMArguments):
    """Of the memory: `NTMArguments`, with the sizes and the learned start of the released code."""

    memory_size: int = 32
    memory_width: int = 32
    order: str = "read-first"
    memory_initializer: float | str = "random_uniform"
    learn_initial_memory: bool = True
    reads_initializer: float | str = "random_uniform"
    learn_initial_reads: bool = True
    interface_clip: float | None = 20.0
    initial_read_weights: str = "learned"
    initial_write_weights: str = "learned"


@dataclass(kw_only=True)
class SANTMArguments(
    SparseMemoryArguments, SlotAttentionArguments, MaskArguments, SegmentArguments
):
    """Of the whole network: those of its parts, and

    Args:
        readout: what of the slots is the output of a time step that accesses the memory: `"mean"`,
            their mean; `"read"`, their mean by the weights of the read heads.
    """

    readout: str = "mean"

    def __post_init__(self):
        SegmentArguments.__post_init__(self)
        MaskArguments.__post_init__(self)
        SlotAttentionArguments.__post_init__(self)
        SparseMemoryArguments.__post_init__(self)
        check_choice("readout", self.readout, READOUTS)
        check_heads(self.attention_heads, self.memory_width)
        check_reach(self.reach, self.memory_size)


def check_heads(heads, width):
    """Raises `ValueError` where heads cannot share the memory's width equally."""
    if width % heads:
        raise ValueError(
            f"attention_heads={heads} cannot share memory_width={width} equally. Use heads that "
            "divide the width."
        )


def check_reach(reach, slots):
    """Raises `ValueError` where a ring of so many slots has no two that are so far apart."""
    if 2 * reach > slots:
        raise ValueError(
            f"reach={reach} is more than half of a ring of memory_size={slots} slots. Use a reach "
            f"of at most {slots // 2}, or a larger memory."
        )
