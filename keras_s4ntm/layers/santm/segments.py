"""The two lower levels of SANTM: an LSTM that ends segments, and a cell that is updated at ends.

Source: Shan, Zhu, Luo 2025, "Sparse access neural Turing machine", as their code has it
(github.com/cvcoding/SANTM).

Shapes: B batch, I inputs, H units.
"""

import functools

import keras
from keras import ops

from keras_s4ntm.layers.recurrent.network import NamedCell, RecurrentNetwork
from keras_s4ntm.layers.santm.arguments import SegmentArguments
from keras_s4ntm.ops.lstm import lstm_step
from keras_s4ntm.ops.skip import update
from keras_s4ntm.ops.straight_through import binarize


def chrono_bias(time, shape, dtype=None):
    """Biases of i, f, c, o of an LSTM that remembers for 1 to `time` steps: b_f = log U(1, time),
    b_i = -b_f, and else 0 (Tallec and Ollivier 2018, "Can recurrent neural networks warp time?",
    equation 16).
    """
    uniform = keras.initializers.RandomUniform(1.0, max(time, 1.001))
    forget = ops.log(uniform((shape[0] // 4,), "float32"))
    biases = ops.concatenate([-forget, forget, ops.zeros((shape[0] // 2,), "float32")], axis=0)
    return ops.cast(biases, dtype or "float32")


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SegmentLSTMCell(NamedCell):
    """One time step of both levels.

    The lower one ends a segment where beta is 1: its carry then starts from zero.

        beta_t = round(sigmoid(w [x_t; c_{t-1}] + b))      its gradient is that of the sigmoid
        h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1}),            then c_t is 0 where beta_t = 1

    The upper one is an LSTM over the ends of segments:

        (h', c')_t = beta_t LSTM(h_t, h'_{t-1}, c'_{t-1}) + (1 - beta_t) (h', c')_{t-1}

    Args:
        units, mask_steps: see `SegmentArguments`.

    Weights:
        kernel, bias: of the lower LSTM, `(I + H, 4 H)`, of `[x_t; h_{t-1}]`, and `(4 H,)`, 0 at
            first.
        boundary_kernel, boundary_bias: w and b, `(I + H, 1)` and `(1,)`, 1 at first.
        segment_kernel, segment_bias: of the upper LSTM, `(2 H, 4 H)`, of `[h_t; h'_{t-1}]`, and
            `(4 H,)`, see `chrono_bias`.

    States: h'_{t-1}, which is the output, c'_{t-1}, h_{t-1} and c_{t-1}.
    """

    Arguments = SegmentArguments

    def __init__(self, units=None, **arguments):
        super().__init__(units, **arguments)
        self.units = self.arguments.units
        self.state_shapes = [(self.units,)] * 4

    def build(self, input_shape):
        inputs, units = input_shape[-1], self.units
        self.input_size = inputs
        self.kernel = self.add_weight(name="kernel", shape=(inputs + units, 4 * units))
        self.bias = self.add_weight(name="bias", shape=(4 * units,), initializer="zeros")
        self.boundary_kernel = self.add_weight(name="boundary_kernel", shape=(inputs + units, 1))
        self.boundary_bias = self.add_weight(name="boundary_bias", shape=(1,), initializer="ones")
        self.segment_kernel = self.add_weight(name="segment_kernel", shape=(2 * units, 4 * units))
        self.segment_bias = self.add_weight(
            name="segment_bias",
            shape=(4 * units,),
            initializer=functools.partial(chrono_bias, self.arguments.mask_steps),
        )
        self.built = True

    def project_inputs(self, inputs):
        """What the inputs add to the gates and to the logit of an end, side by side."""
        gates = ops.matmul(inputs, self.kernel[: self.input_size]) + self.bias
        logit = ops.matmul(inputs, self.boundary_kernel[: self.input_size]) + self.boundary_bias
        return ops.concatenate([gates, logit], axis=-1)

    def step(self, projected, states):
        segment_hidden, segment_carry, hidden, carry = states
        gates, logit = projected[:, : 4 * self.units], projected[:, 4 * self.units :]
        logit = logit + ops.matmul(carry, self.boundary_kernel[self.input_size :])
        end = binarize(ops.sigmoid(logit))
        gates = gates + ops.matmul(hidden, self.kernel[self.input_size :])
        hidden, carry = lstm_step(gates, carry)
        carry = (1.0 - end) * carry
        both = ops.concatenate([hidden, segment_hidden], axis=-1)
        gates = ops.matmul(both, self.segment_kernel) + self.segment_bias
        new_hidden, new_carry = lstm_step(gates, segment_carry)
        segment_hidden = update(end, new_hidden, segment_hidden)
        segment_carry = update(end, new_carry, segment_carry)
        return segment_hidden, [segment_hidden, segment_carry, hidden, carry]


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SegmentLSTM(RecurrentNetwork):
    """Two levels of LSTMs: the lower one learns where segments of the sequence end, the upper one
    is updated there only.

    Args:
        units: H, of both.
        **arguments: those of `SegmentLSTMCell` and of `MemoryRNN` by keyword.

    Call arguments, output shape: see `MemoryRNN`. The states are those of `SegmentLSTMCell`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> layer = SegmentLSTM(32, return_sequences=True)
    """

    Cell = SegmentLSTMCell
