"""The LSTM controller."""

import functools

import keras
from keras import ops

from keras_s4ntm.layers.controllers.arguments import units_list
from keras_s4ntm.layers.controllers.controller import Controller, input_initializer
from keras_s4ntm.ops.lstm import lstm_step


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class LSTMController(Controller):
    """Stacked LSTM layers on `[input; reads]` (Hochreiter and Schmidhuber 1997; Gers 2000).

        i, f, c, o = W x_t + U [below_t; h_{t-1}] + b
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(c);   h_t = sigmoid(o) tanh(c_t)

    where `below_t` are the read vectors for the first layer and `h_t` of the layer below for the
    others, and only the first layer has the term `W x_t`.

    Args:
        units, input_variance, forget_bias, recurrent_gain, learn_initial_state: see
            `ControllerArguments`.
    """

    def __init__(
        self,
        units,
        *,
        input_variance=None,
        forget_bias=1.0,
        recurrent_gain=1.0,
        learn_initial_state=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units_list(units)
        self.input_variance = input_variance
        self.forget_bias = forget_bias
        self.recurrent_gain = recurrent_gain
        self.learn_initial_state = learn_initial_state
        self.state_size = [u for u in self.units for _ in ("hidden", "carry")]
        self.output_size = self.units[-1]

    def build(self, input_size, read_size):
        self.input_kernel = self.add_weight(
            name="input_kernel",
            shape=(input_size, 4 * self.units[0]),
            initializer=input_initializer(self.input_variance),
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
        if self.learn_initial_state:
            self.initial_states = [
                self.add_weight(name=f"initial_state_{i}", shape=(size,), initializer="zeros")
                for i, size in enumerate(self.state_size)
            ]
        self.built = True

    def get_initial_state(self, batch_size):
        zeros = super().get_initial_state(batch_size)
        if not self.learn_initial_state:
            return zeros
        return [
            zero + ops.cast(state, self.compute_dtype)
            for zero, state in zip(zeros, self.initial_states, strict=True)
        ]

    def project_inputs(self, inputs):
        return ops.matmul(inputs, self.input_kernel) + self.biases[0]

    def step(self, projected, reads, states, constants):
        new_states, below, term = [], reads, projected
        for i, kernel in enumerate(self.recurrent_kernels):
            hidden, carry = states[2 * i : 2 * i + 2]
            if i > 0:
                term = self.biases[i]
            gates = term + ops.matmul(ops.concatenate([below, hidden], axis=-1), kernel)
            below, carry = lstm_step(gates, carry)
            new_states += [below, carry]
        return below, new_states

    def initial_kernel(self, below, shape, dtype=None):
        """Orthogonal; all but the first `below` rows, from the layer below, times the gain."""
        gains = ops.where(ops.arange(shape[0]) < below, 1.0, self.recurrent_gain)
        orthogonal = keras.initializers.Orthogonal()(shape, "float32")  # no QR in lower precision
        return ops.cast(orthogonal * ops.cast(ops.expand_dims(gains, 1), "float32"), dtype)

    def initial_bias(self, shape, dtype=None):
        """Zeros, and `forget_bias` for the forget gate, the second quarter."""
        quarter = ops.arange(shape[0]) // (shape[0] // 4)
        return self.forget_bias * ops.cast(quarter == 1, dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "input_variance": self.input_variance,
            "forget_bias": self.forget_bias,
            "recurrent_gain": self.recurrent_gain,
            "learn_initial_state": self.learn_initial_state,
        }
