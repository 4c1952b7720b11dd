"""Arguments of recurrent layers."""

from dataclasses import dataclass

from keras_s4ntm.checks import check_finite, check_not_negative, check_positive_int
from keras_s4ntm.layers.arguments import Arguments
from keras_s4ntm.layers.controllers.arguments import units_list


@dataclass(kw_only=True)
class SkipLSTMArguments(Arguments):
    """Of an LSTM that skips state updates.

    Args:
        units: H, or a list for stacked layers, which are updated together.
        budget: lambda, what an update costs: `lambda` times the mean number of updates of a
            sequence is added to the loss.
        update_bias: the initial bias of what a time step adds to the probability of an update, in
            logits.
    """

    units: int | list[int] = 110
    budget: float = 0.0
    update_bias: float = 1.0

    def __post_init__(self):
        units_list(self.units)
        check_not_negative("budget", self.budget)
        check_finite("update_bias", self.update_bias)


@dataclass(kw_only=True)
class DRRLSTMArguments(Arguments):
    """Of an LSTM with recurrent routes.

    Args:
        units: H.
        routes: R. Their delays are 1, 2, 4, ..., so that the longest is 2^(R-1).
        rank: q, of the kernels, where they have no lower one. Default: a quarter of the units.
    """

    units: int = 128
    routes: int = 4
    rank: int | None = None

    def __post_init__(self):
        self.units = check_positive_int("units", self.units)
        self.routes = check_positive_int("routes", self.routes)
        if self.rank is not None:
            self.rank = check_positive_int("rank", self.rank, " or None")
