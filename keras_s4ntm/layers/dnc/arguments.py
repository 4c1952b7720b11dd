"""Arguments of the memory of a Differentiable Neural Computer."""

from dataclasses import dataclass

from keras_s4ntm.checks import check_choice, check_finite, check_positive, check_sparse_links
from keras_s4ntm.conventions import READ_MODES, parse_activation
from keras_s4ntm.layers.memory.arguments import MemoryArguments

BIASES = (
    "free_gate_bias",
    "allocation_gate_bias",
    "write_gate_bias",
    "backward_mode_bias",
    "forward_mode_bias",
)
SCALES = ("read_key_scale", "add_scale")


@dataclass(kw_only=True)
class DNCArguments(MemoryArguments):
    """Of the memory and the heads of a Differentiable Neural Computer.

    Args:
        content_masking: whether each key comes with a mask that says which part of the vectors is
            compared (2019).
        mask_floor: the least value of such a mask; 2019: 0.1 for associative recall.
        deallocation: whether what is freed is erased as well (2019).
        link_sharpness: whether forward and backward weights are sharpened (2019).
        sparse_links: K, how many links each slot keeps, 8 in the paper: they take 2 * N * K
            numbers for each sequence. Default: all of them, N * N numbers.
        key_activation, strength_activation, add_activation: of the keys, the key strengths and
            the add vector; as those of `AddressingArguments`.
        read_mode_order: what the three read modes stand for. `"content-second"`: backward, content,
            forward; `"content-last"`: backward, forward, content. It matters for weights that come
            from elsewhere only.
        usage_gradient: whether there is a gradient through the usage to the write weights.
        free_gate_bias, allocation_gate_bias, write_gate_bias: initial biases of the gates, in
            logits.
        backward_mode_bias, forward_mode_bias: initial biases of the read modes, in logits, beside
            0 for the content mode.
        read_key_scale, add_scale: how many times as large as Glorot's the initial weights of read
            keys and of add vectors are.
    """

    memory_initializer: float | str = 0.0
    content_masking: bool = False
    mask_floor: float = 0.0
    deallocation: bool = False
    link_sharpness: bool = False
    sparse_links: int | None = None
    key_activation: str = "linear"
    strength_activation: str = "1+softplus"
    add_activation: str = "linear"
    read_mode_order: str = "content-second"
    usage_gradient: bool = True
    free_gate_bias: float = 0.0
    allocation_gate_bias: float = 0.0
    write_gate_bias: float = 0.0
    backward_mode_bias: float = 0.0
    forward_mode_bias: float = 0.0
    read_key_scale: float = 1.0
    add_scale: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.mask_floor, int | float) or not 0 <= self.mask_floor < 1:
            raise ValueError(f"mask_floor must be in [0, 1), got {self.mask_floor!r}.")
        if self.sparse_links is not None:
            self.sparse_links = check_sparse_links(self.sparse_links, self.memory_size)
        for name in ("key_activation", "strength_activation", "add_activation"):
            parse_activation(name, getattr(self, name))
        check_choice("read_mode_order", self.read_mode_order, READ_MODES)
        for name in BIASES:
            check_finite(name, getattr(self, name))
        for name in SCALES:
            check_positive(name, getattr(self, name))
