"""A controller from what a user names or gives."""

from keras_s4ntm.layers.controllers.arguments import S4DArguments
from keras_s4ntm.layers.controllers.controller import Controller
from keras_s4ntm.layers.controllers.feedforward import FeedForwardController
from keras_s4ntm.layers.controllers.keras_cell import CellController
from keras_s4ntm.layers.controllers.lstm import LSTMController
from keras_s4ntm.layers.controllers.s4d import S4DController

# By name: the class, and which of the `ControllerArguments` it takes.
CONTROLLERS = {
    "lstm": (LSTMController, ("units", "input_variance", "forget_bias", "recurrent_gain")),
    "feedforward": (FeedForwardController, ("units", "input_variance")),
}


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
    kind, names = CONTROLLERS[arguments.controller]
    own = {name: getattr(arguments, name) for name in names}
    return kind(**own, name="controller", dtype=dtype)
