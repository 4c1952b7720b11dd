"""Arguments of the controllers."""

from dataclasses import dataclass

from keras_s4ntm.checks import check_choice, check_finite, check_positive, check_positive_int
from keras_s4ntm.conventions import ACTIVATIONS
from keras_s4ntm.layers.arguments import Arguments
from keras_s4ntm.layers.s4d.arguments import StackArguments

HEAD_INPUTS = ("features", "state")


def units_list(units):
    """One number of units, or one for each stacked layer, as a list."""
    units = units if isinstance(units, list | tuple) else [units]
    if not units:
        raise ValueError("units must be a positive integer or a list of them, got [].")
    return [check_positive_int("units", u) for u in units]


@dataclass(kw_only=True)
class ControllerArguments(Arguments):
    """Of a recurrent or feed-forward controller.

    Args:
        controller: `"lstm"`, `"feedforward"`, a layer as described in `Controller`, or any Keras
            RNN cell; for the last two all other arguments are without effect.
        units: units of the controller, or a list for stacked layers.
        controller_activation: of a feed-forward controller: `"tanh"`, `"relu"`, `"sigmoid"`,
            `"hard_sigmoid"`, `"softplus"` or `"linear"`.
        input_variance: variance of the initial input weights, times the number of inputs. Default:
            Glorot's.
        forget_bias: of an LSTM: the initial bias of the forget gates. 1 starts ready to remember,
            -2 nearly without a memory of its own.
        recurrent_gain: of an LSTM: of the initial orthogonal weights through which the read vectors
            and a layer's own last output come.
        learn_initial_state: of an LSTM: whether its states before the first time step are trained;
            else they are zeros.
    """

    controller: str = "lstm"
    units: int | list[int] = 100
    controller_activation: str = "tanh"
    input_variance: float | None = None
    forget_bias: float = 1.0
    recurrent_gain: float = 1.0
    learn_initial_state: bool = False

    def __post_init__(self):
        units_list(self.units)
        check_choice("controller_activation", self.controller_activation, ACTIVATIONS)
        if self.input_variance is not None:
            check_positive("input_variance", self.input_variance)
        check_finite("forget_bias", self.forget_bias)
        check_positive("recurrent_gain", self.recurrent_gain)


@dataclass(kw_only=True)
class S4DArguments(StackArguments):
    """Of the S4D controller.

    Args:
        read_feedback: whether the read vectors of the step before enter the state spaces (variant 1
            of Erekmen and Bünning 2024). Everything is then recurrent.
        head_inputs: what drives the heads: `"features"`, the output of the last block; or
            `"state"`, magnitude, cosine and sine of the phase of its state, with `read_feedback`
            only.
    """

    read_feedback: bool = False
    head_inputs: str = "features"

    def __post_init__(self):
        super().__post_init__()
        check_choice("head_inputs", self.head_inputs, HEAD_INPUTS)
        if self.head_inputs == "state" and not self.read_feedback:
            raise ValueError(
                "head_inputs='state' needs read_feedback=True: without it the features come from "
                "an FFT, which never computes the states."
            )
