"""A controller from what a user names or gives."""

from keras_s4ntm.layers.controllers.arguments import S4DArguments
from keras_s4ntm.layers.controllers.controller import Controller
from keras_s4ntm.layers.controllers.feedforward import FeedForwardController
from keras_s4ntm.layers.controllers.keras_cell import CellController
from keras_s4ntm.layers.controllers.lstm import LSTMController
from keras_s4ntm.layers.controllers.s4d import S4DController

CONTROLLERS = ("lstm", "feedforward")  # those with a name


def get_controller(controller, dtype=None):
    """A `Controller` as it is; a Keras RNN cell as a `CellController` with this dtype policy."""
    if isinstance(controller, Controller):
        return controller
    if hasattr(controller, "state_size"):
        return CellController(controller, name="controller", dtype=dtype)
    raise ValueError(
        f"controller must be one of {', '.join(map(repr, CONTROLLERS))}, a layer as described in "
        f"Controller, or a Keras RNN cell (with `state_size`), got {controller!r}."
    )


def make_controller(arguments, dtype=None):
    """The controller that `ControllerArguments` or `S4DArguments` describe."""
    if isinstance(arguments, S4DArguments):
        return S4DController(**arguments.config(), name="controller", dtype=dtype)
    if not isinstance(arguments.controller, str) or arguments.controller not in CONTROLLERS:
        return get_controller(arguments.controller, dtype)
    shared = {
        "units": arguments.units,
        "input_variance": arguments.input_variance,
        "name": "controller",
        "dtype": dtype,
    }
    if arguments.controller == "feedforward":
        return FeedForwardController(**shared, activation=arguments.controller_activation)
    return LSTMController(
        **shared,
        forget_bias=arguments.forget_bias,
        recurrent_gain=arguments.recurrent_gain,
        learn_initial_state=arguments.learn_initial_state,
    )
