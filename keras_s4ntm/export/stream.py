"""One time step at a time through a whole model, with explicit states."""

import keras


class Stream:
    """A model as a function of one time step.

    Args:
        model: a chain of layers from `(B, T, input_size)` on. Each layer is recurrent (a
            `keras.layers.RNN`, or has `step` and `get_initial_state`) or treats all time steps
            alike. Of a classifier every step gives what the sequence so far is taken for. The mask
            of a `Standardization` does not count: a stream has no padding.

    Raises:
        ValueError: the layers are no chain, one is bidirectional, or one makes another mask.
    """

    def __init__(self, model):
        if not _is_chain(model):
            _refuse(model, "its layers do not follow one another in a single chain")
        self.layers = _without_inputs(model)
        for layer in self.layers:
            if isinstance(layer, keras.layers.Bidirectional):
                _refuse(
                    model, f"its layer {layer.name!r} is bidirectional and depends on later inputs"
                )
            if isinstance(layer, keras.layers.Masking) or getattr(layer, "mask_zero", False):
                _refuse(model, f"its layer {layer.name!r} makes a mask, and steps know no masks")
        # What `get_initial_state` of each layer returns, with sizes in the place of tensors.
        self.sizes = [_state_sizes(layer) for layer in self.layers]

    def initial_state(self, batch_size):
        """The states before the first step: a flat list of tensors `(B, size)`."""
        recurrent = [layer for layer in self.layers if _is_recurrent(layer)]
        return keras.tree.flatten([layer.get_initial_state(batch_size) for layer in recurrent])

    def step(self, inputs, states):
        """`(outputs, states)` of one step; inputs `(B, input_size)`."""
        states, new_states, hidden = list(states), [], inputs
        for layer, sizes in zip(self.layers, self.sizes, strict=True):
            if not _is_recurrent(layer):
                hidden = layer(hidden)
                continue
            count = len(keras.tree.flatten(sizes))
            own, states = keras.tree.pack_sequence_as(sizes, states[:count]), states[count:]
            step = layer.step if hasattr(layer, "step") else layer.cell
            hidden, own = step(hidden, own)
            new_states += keras.tree.flatten(own)
        return hidden, new_states


def _refuse(model, reason):
    raise ValueError(
        f"The model {model.name!r} cannot run one time step at a time: {reason}. With "
        "streamable=False, in `register_model` or `export_saved_model`, whole sequences are "
        "exported."
    )


def _is_recurrent(layer):
    return hasattr(layer, "get_initial_state")


def _state_sizes(layer):
    states = layer.get_initial_state(1) if _is_recurrent(layer) else []
    return keras.tree.map_structure(lambda state: state.shape[-1], states)


def _is_chain(model):
    """Whether every layer has the output of the one before as its only input.

    All operations of a functional model lead to its outputs: where each has one input, there is one
    way only. Masks do not count, nor what computes them: operations that are no layers.
    """
    if isinstance(model, keras.Sequential):
        return True
    operations = getattr(model, "operations", None)
    if operations is None or len(model.outputs) != 1:
        return False
    others = [one for one in operations if not isinstance(one, keras.layers.Layer)]
    inputs = [keras.tree.flatten(layer.input) for layer in _without_inputs(model)]
    return all(_is_mask(one.output) for one in others) and all(
        sum(not _is_mask(tensor) for tensor in tensors) == 1 for tensors in inputs
    )


def _is_mask(tensor):
    return getattr(tensor, "dtype", None) == "bool"


def _without_inputs(model):
    """Its layers, but those that stand for the inputs."""
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
