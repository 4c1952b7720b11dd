"""Arguments of layers that are parallel over time."""

from dataclasses import dataclass

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.layers.arguments import Arguments


@dataclass(kw_only=True)
class MixerArguments(Arguments):
    """Of a layer that keeps the width of its input: positive integers.

    Args:
        units: H, the channels of the input and of the output.
    """

    units: int = 64

    def __post_init__(self):
        for name in self.names():
            setattr(self, name, check_positive_int(name, getattr(self, name)))


@dataclass(kw_only=True)
class AttentionArguments(MixerArguments):
    """Of causal attention.

    Args:
        heads: how many look at once; each has an equal share of the channels.
        context: the time steps that a step sees, itself among them.
    """

    heads: int = 4
    context: int = 1024

    def __post_init__(self):
        super().__post_init__()
        if self.units % self.heads:
            raise ValueError(
                f"heads={self.heads} cannot share units={self.units} equally. Use heads that "
                "divide the units."
            )


@dataclass(kw_only=True)
class FeedForwardArguments(MixerArguments):
    """Of a feed-forward layer.

    Args:
        hidden_units: channels in between.
    """

    hidden_units: int = 256


@dataclass(kw_only=True)
class GatedFeedForwardArguments(FeedForwardArguments):
    """Of a gated feed-forward layer.

    Args:
        hidden_units: channels in between. With 2/3 of those of a plain layer it has as many
            weights (Shazeer 2020).
    """

    hidden_units: int = 170


@dataclass(kw_only=True)
class MambaArguments(MixerArguments):
    """Of a selective state space.

    Args:
        state_dimension: N, numbers in the state of a channel.
        expansion: E, there are E channels in the state space for each of the layer.
        kernel_size: time steps that the convolution before the state space reaches over.
    """

    state_dimension: int = 16
    expansion: int = 2
    kernel_size: int = 4


@dataclass(kw_only=True)
class DeltaNetArguments(MixerArguments):
    """Of a gated delta rule.

    Args:
        heads: memories, each with keys and values of its own.
        key_dimension: numbers in a key of a head.
        value_dimension: numbers in a value of a head.
        kernel_size: time steps that the convolutions before the memory reach over.
    """

    heads: int = 2
    key_dimension: int = 24
    value_dimension: int = 48
    kernel_size: int = 4
