"""Arguments of state space layers."""

import math
from dataclasses import dataclass

from keras_s4ntm.checks import check_choice, check_positive, check_positive_int
from keras_s4ntm.layers.arguments import Arguments

STATE_INITIALIZERS = ("lin", "inv", "legs", "real")
DISCRETIZATIONS = ("zoh", "bilinear")


@dataclass(kw_only=True)
class StateSpaceArguments(Arguments):
    """Of H diagonal state spaces.

    Args:
        units: H, the channels of the input and of the output.
        state_dimension: N, even: real numbers in the state of a channel.
        state_initializer: of A: `"lin"`, `"inv"`, `"legs"` or `"real"` (`keras_s4ntm.ops.ssm`).
            With `"real"` the frequencies stay zero: `A_imag` is not trained.
        discretization: `"zoh"` or `"bilinear"`.
        dt_min, dt_max: the step sizes are drawn log-uniformly between them. A mode forgets within
            about 2 / dt time steps; an event at one time step enters a state with a gain
            proportional to dt.
    """

    units: int = 64
    state_dimension: int = 64
    state_initializer: str = "lin"
    discretization: str = "zoh"
    dt_min: float = 1e-3
    dt_max: float = 0.1

    def __post_init__(self):
        self.units = check_positive_int("units", self.units)
        self.state_dimension = check_positive_int("state_dimension", self.state_dimension)
        if self.state_dimension % 2:
            raise ValueError(
                f"state_dimension must be even (conjugate pairs), got {self.state_dimension}."
            )
        check_choice("state_initializer", self.state_initializer, STATE_INITIALIZERS)
        check_choice("discretization", self.discretization, DISCRETIZATIONS)
        if not 0 < self.dt_min <= self.dt_max < math.inf:
            raise ValueError(
                f"0 < dt_min <= dt_max is required, got {self.dt_min!r} and {self.dt_max!r}."
            )


@dataclass(kw_only=True)
class StackArguments(StateSpaceArguments):
    """Of a linear encoder and S4D blocks, one on the other.

    Args:
        blocks: how many blocks.
        dropout: share of the channels that are dropped, of a sequence, in training.
        input_variance: variance of the encoder's initial weights, times the number of inputs.
            Default: Glorot's.
    """

    blocks: int = 1
    dropout: float = 0.0
    input_variance: float | None = None

    def __post_init__(self):
        super().__post_init__()
        self.blocks = check_positive_int("blocks", self.blocks)
        check_dropout(self.dropout)
        if self.input_variance is not None:
            check_positive("input_variance", self.input_variance)

    def block(self):
        """The arguments of a block, `{name: value}`."""
        names = (*StateSpaceArguments.names(), "dropout")
        return {name: getattr(self, name) for name in names}


def check_dropout(dropout):
    """Raises `ValueError` unless `dropout` is a share below one."""
    if not isinstance(dropout, int | float) or not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout must be in [0, 1), got {dropout!r}.")
