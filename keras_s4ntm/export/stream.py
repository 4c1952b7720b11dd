"""One time step at a time through a whole model, with explicit states."""

import keras


class Stream:
    """A model as a function of one time step.

    Args:
        model: a chain of layers from `(B, T, input_size)` on; each is recurrent (a
            `keras.layers.RNN`, or has `step` and `get_initial_state`) or treats all time steps
            alike. Of a classifier every step gives what the sequence so far is taken for.
    """

    def __init__(self, model):
        self.layers = [
            layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)
        ]

    def initial_state(self, batch_size):
        """The states before the first step: a flat list of tensors `(B, size)`."""
        return [
            state
            for layer in self.layers
            if _is_recurrent(layer)
            for state in layer.get_initial_state(batch_size)
        ]

    def step(self, inputs, states):
        """`(outputs, states)` of one step; inputs `(B, input_size)`."""
        states, new_states, hidden = list(states), [], inputs
        for layer in self.layers:
            if not _is_recurrent(layer):
                hidden = layer(hidden)
                continue
            count = len(keras.tree.flatten(layer.state_size))
            step = layer.step if hasattr(layer, "step") else layer.cell
            hidden, layer_states = step(hidden, states[:count])
            new_states += layer_states
            states = states[count:]
        return hidden, new_states


def _is_recurrent(layer):
    return hasattr(layer, "get_initial_state")
