"""The controllers: what drives the heads.

A controller sees the input of this step and the read vectors of the step before. It has

- `project_inputs(inputs)`: everything that needs the inputs alone, for all time steps at once;
- `step(projected, reads, states)`: one time step, `(output, new_states)`;
- `state_size` (a list) and `output_size`.

Shapes: B batch, I inputs, R read heads, M memory width.
"""

import functools

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int

# Inputs come through large weights, of variance 4 / I. A marker is a single 1 in one channel at one
# step; through the small weights that are the rule (Glorot's, of variance 2 / (I + units)) it moves
# the controller so little that the network learns to go by silence instead, and slips wherever a
# vector of zeros is to be copied. The README shows what this changes.
INPUT_SCALE = 4.0

# How an LSTM starts: the bias of its forget gates and the gain of its orthogonal recurrent weights.
# "lstm", as is usual, starts ready to remember. As a controller it then learns short sequences by
# itself, before the memory; and what it remembers fades with time, so that a network that goes by
# it fails on sequences longer than those of training. "forgetful-lstm" starts nearly without a
# memory of its own.
LSTM_STARTS = {
    "lstm": {"forget_bias": 1.0, "recurrent_gain": 1.0},
    "forgetful-lstm": {"forget_bias": -2.0, "recurrent_gain": 0.1},
}


def input_initializer():
    """The initializer of the input kernels of the LSTM controller and of S4D-NTM."""
    return keras.initializers.VarianceScaling(INPUT_SCALE, "fan_in", "uniform")


def units_list(units):
    """One number of units, or one for each stacked layer, as a list."""
    units = units if isinstance(units, (list, tuple)) else [units]
    if not units:
        raise ValueError("units must be a positive integer or a list of them, got [].")
    return [check_positive_int("units", u) for u in units]


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class FeedForwardController(keras.layers.Layer):
    """A controller without a memory of its own: dense layers on `[input; reads]`.

    Args:
        units: units of the layer, or a list for stacked layers.
        activation: any Keras activation.
    """

    def __init__(self, units, activation="tanh", **kwargs):
        super().__init__(**kwargs)
        self.units = units_list(units)
        self.activation = keras.activations.get(activation)
        self.state_size = []
        self.output_size = self.units[-1]

    def build(self, input_size, read_size):
        below = read_size
        self.input_kernel = self.add_weight(name="input_kernel", shape=(input_size, self.units[0]))
        self.kernels, self.biases = [], []
        for i, units in enumerate(self.units):
            self.kernels.append(self.add_weight(name=f"kernel_{i}", shape=(below, units)))
            self.biases.append(
                self.add_weight(name=f"bias_{i}", shape=(units,), initializer="zeros")
            )
            below = units
        self.built = True

    def project_inputs(self, inputs):
        return ops.matmul(inputs, self.input_kernel) + self.biases[0]

    def step(self, projected, reads, states):
        output = self.activation(projected + ops.matmul(reads, self.kernels[0]))
        for kernel, bias in zip(self.kernels[1:], self.biases[1:], strict=True):
            output = self.activation(ops.matmul(output, kernel) + bias)
        return output, []

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class LSTMController(keras.layers.Layer):
    """Stacked LSTM layers on `[input; reads]` (Hochreiter and Schmidhuber 1997; Gers 2000).

        i, f, c, o = W x_t + U [below_t; h_{t-1}] + b
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(c);   h_t = sigmoid(o) tanh(c_t)

    where `below_t` are the read vectors for the first layer and `h_t` of the layer below for the
    others, and only the first layer has the term `W x_t`.

    Args:
        units: units of the layer, or a list for stacked layers.
        forget_bias: initial bias of the forget gates.
        recurrent_gain: of the orthogonal weights through which the read vectors and a layer's own
            last output come at first.
    """

    def __init__(self, units, forget_bias=1.0, recurrent_gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units_list(units)
        self.forget_bias = forget_bias
        self.recurrent_gain = recurrent_gain
        self.state_size = [u for u in self.units for _ in ("hidden", "carry")]
        self.output_size = self.units[-1]

    def build(self, input_size, read_size):
        self.input_kernel = self.add_weight(
            name="input_kernel",
            shape=(input_size, 4 * self.units[0]),
            initializer=input_initializer(),
        )
        self.recurrent_kernels, self.biases = [], []
        below = read_size
        for i, units in enumerate(self.units):
            self.recurrent_kernels.append(
                self.add_weight(
                    name=f"recurrent_kernel_{i}",
                    shape=(below + units, 4 * units),
                    initializer=functools.partial(self.initial_kernel, 0 if i == 0 else below),
                )
            )
            self.biases.append(
                self.add_weight(
                    name=f"bias_{i}",
                    shape=(4 * units,),
                    initializer=self.initial_bias,
                )
            )
            below = units
        self.built = True

    def project_inputs(self, inputs):
        return ops.matmul(inputs, self.input_kernel) + self.biases[0]

    def step(self, projected, reads, states):
        new_states, below, term = [], reads, projected
        for i, (units, kernel) in enumerate(zip(self.units, self.recurrent_kernels, strict=True)):
            hidden, carry = states[2 * i : 2 * i + 2]
            if i > 0:
                term = self.biases[i]
            gates = term + ops.matmul(ops.concatenate([below, hidden], axis=-1), kernel)
            # One sigmoid of all, the unused quarter too, is faster than three of quarters.
            input_gate, forget_gate, _, output_gate = ops.split(ops.sigmoid(gates), 4, axis=-1)
            candidate = ops.tanh(gates[:, 2 * units : 3 * units])
            carry = forget_gate * carry + input_gate * candidate
            below = output_gate * ops.tanh(carry)
            new_states += [below, carry]
        return below, new_states

    def initial_kernel(self, below, shape, dtype=None):
        """Orthogonal; all but the first `below` rows, from the layer below, times the gain."""
        gains = ops.where(ops.arange(shape[0]) < below, 1.0, self.recurrent_gain)
        orthogonal = keras.initializers.Orthogonal()(shape, dtype)
        return orthogonal * ops.cast(ops.expand_dims(gains, 1), dtype)

    def initial_bias(self, shape, dtype=None):
        """Zeros, and `forget_bias` for the forget gate, the second quarter."""
        quarter = ops.arange(shape[0]) // (shape[0] // 4)
        return self.forget_bias * ops.cast(quarter == 1, dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
            "recurrent_gain": self.recurrent_gain,
        }


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class CellController(keras.layers.Layer):
    """Any Keras RNN cell as a controller; it is fed with `[input; reads]`.

    Args:
        cell: a Keras RNN cell with flat states, for example `keras.layers.GRUCell(100)` or
            `keras.layers.StackedRNNCells([...])`.

    Raises:
        ValueError: the cell has dropout. Only Keras' own RNN layers draw its masks anew.
    """

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        for part in getattr(cell, "cells", [cell]):
            if getattr(part, "dropout", 0) or getattr(part, "recurrent_dropout", 0):
                raise ValueError(
                    "The cell of a controller must have no dropout, whose masks only Keras' own "
                    "RNN layers draw anew: put keras.layers.Dropout around the memory network."
                )
        self.cell = cell
        self.state_size = keras.tree.flatten(cell.state_size)
        output_size = getattr(cell, "output_size", None)
        self.output_size = self.state_size[0] if output_size is None else output_size

    def build(self, input_size, read_size):
        if not self.cell.built:  # a cell that comes from a file is
            self.cell.build((None, input_size + read_size))
        self.built = True

    def project_inputs(self, inputs):
        return inputs

    def step(self, projected, reads, states):
        states = keras.tree.pack_sequence_as(self.cell.state_size, states)
        states = states if keras.tree.is_nested(states) else [states]
        output, states = self.cell(ops.concatenate([projected, reads], axis=-1), states)
        return output, keras.tree.flatten(states)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config):
        cell = keras.saving.deserialize_keras_object(config.pop("cell"))
        return cls(cell, **config)


CONTROLLERS = {
    **{name: functools.partial(LSTMController, **start) for name, start in LSTM_STARTS.items()},
    "feedforward": FeedForwardController,
}


def get_controller(controller, units, dtype=None):
    """A controller from its name and units; a controller or a Keras RNN cell is taken as it is."""
    if isinstance(controller, str):
        if controller not in CONTROLLERS:
            raise ValueError(
                f"controller must be one of {', '.join(map(repr, CONTROLLERS))}, a controller "
                f"layer or a Keras RNN cell, got {controller!r}."
            )
        return CONTROLLERS[controller](units, name="controller", dtype=dtype)
    if hasattr(controller, "project_inputs"):
        return controller
    if hasattr(controller, "state_size"):
        return CellController(controller, name="controller", dtype=dtype)
    raise ValueError(
        "controller must be a name, a controller layer or a Keras RNN cell "
        f"(with `state_size`), got {controller!r}."
    )
