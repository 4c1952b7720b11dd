"""An LSTM that chooses at every step from how long ago its state comes.

A reconstruction. Of Shan, Luo, Zhang, Zhang 2023, "DRRNets: Dynamic Recurrent Routing via Low-Rank
Regularization in Recurrent Neural Networks", only the abstract is public. It says: recurrent routes
are allocated dynamically, which shortens recurrent lengths; fully connected layers have low-rank
constraints; routes are sparse by projection. The rest is ours.

Shapes: B batch, T time steps, I inputs, H units, R routes, q rank.
"""

import keras
from keras import ops

from keras_s4ntm.layers.recurrent.arguments import DRRLSTMArguments
from keras_s4ntm.layers.recurrent.network import NamedCell, RecurrentNetwork, forget_ones
from keras_s4ntm.ops.lstm import lstm_step
from keras_s4ntm.ops.routes import choose_route, remember, route


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DRRLSTMCell(NamedCell):
    """One time step, from the state of 1, 2, 4, ... steps before; ours, after an abstract.

        a_t = one of softmax(W_a [x_t; h_{t-1}] + b_a)                 its largest; the gradient
                                                                       is that of the softmax
        (h, c)' = sum_r a_{t,r} (h, c)_{t - 2^r},  r = 0 .. R-1        zeros before the start
        h_t, c_t = LSTM(x_t, h', c'), with kernels W = U V of rank q

    Args:
        units, routes, rank: see `DRRLSTMArguments`.

    Weights:
        input_in, input_out: U and V of the inputs, `(I, q)` and `(q, 4 H)`. Where I is less than
            q, it is I.
        recurrent_in, recurrent_out: of h', `(H, q)` and `(q, 4 H)`.
        bias: `(4 H,)`; 1 for the forget gate at first.
        route_kernel, route_bias: W_a and b_a, `(I + H, R)` and `(R,)`.

    States: h_{t-1}; and h side by side with c of the last 2^(R-1) steps, the newest first.
    """

    Arguments = DRRLSTMArguments

    def __init__(self, units=None, **arguments):
        super().__init__(units, **arguments)
        self.units = self.arguments.units
        self.rank = self.arguments.rank or max(self.units // 4, 1)
        self.delays = [2**r for r in range(self.arguments.routes)]
        self.state_shapes = [(self.units,), (self.delays[-1], 2 * self.units)]

    def build(self, input_shape):
        inputs, units, routes = input_shape[-1], self.units, self.arguments.routes
        self.input_size = inputs
        for name, size in (("input", inputs), ("recurrent", units)):
            rank = min(self.rank, size)
            for part, shape in (("in", (size, rank)), ("out", (rank, 4 * units))):
                setattr(self, f"{name}_{part}", self.add_weight(name=f"{name}_{part}", shape=shape))
        self.bias = self.add_weight(name="bias", shape=(4 * units,), initializer=forget_ones)
        self.route_kernel = self.add_weight(name="route_kernel", shape=(inputs + units, routes))
        self.route_bias = self.add_weight(name="route_bias", shape=(routes,), initializer="zeros")
        self.built = True

    def project_inputs(self, inputs):
        """What the inputs add to the gates and to the logits of the routes, side by side."""
        gates = ops.matmul(ops.matmul(inputs, self.input_in), self.input_out) + self.bias
        logits = ops.matmul(inputs, self.route_kernel[: self.input_size]) + self.route_bias
        return ops.concatenate([gates, logits], axis=-1)

    def step(self, projected, states):
        before, past = states
        gates, logits = projected[:, : 4 * self.units], projected[:, 4 * self.units :]
        logits = logits + ops.matmul(before, self.route_kernel[self.input_size :])
        routed = route(choose_route(logits), past, self.delays)
        hidden, carry = routed[:, : self.units], routed[:, self.units :]
        gates = gates + ops.matmul(ops.matmul(hidden, self.recurrent_in), self.recurrent_out)
        hidden, carry = lstm_step(gates, carry)
        return hidden, [hidden, remember(past, ops.concatenate([hidden, carry], axis=-1))]


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DRRLSTM(RecurrentNetwork):
    """An LSTM with dynamic recurrent routes: a reconstruction from the abstract of DRRNets.

    Args:
        units: H.
        **arguments: those of `DRRLSTMCell` and of `MemoryRNN` by keyword.

    Call arguments, output shape: see `MemoryRNN`. A masked step does not count as one: delays are
        of steps that are not masked. The states are those of `DRRLSTMCell`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> layer = DRRLSTM(128, routes=4)
    """

    Cell = DRRLSTMCell
