"""An LSTM that learns which time steps to skip.

Source: Campos, Jou, Giró-i-Nieto, Torres, Chang 2018, "Skip RNN: Learning to Skip State Updates in
Recurrent Neural Networks".

Shapes: B batch, T time steps, I inputs, H units.
"""

import keras
from keras import ops

from keras_s4ntm.layers.controllers.arguments import units_list
from keras_s4ntm.layers.figures import Figure
from keras_s4ntm.layers.recurrent.arguments import SkipLSTMArguments
from keras_s4ntm.layers.recurrent.network import NamedCell, RecurrentNetwork, forget_ones
from keras_s4ntm.ops.lstm import lstm_step
from keras_s4ntm.ops.skip import update, update_gate

COUNTERS = (ops.zeros, ops.ones, ops.zeros)  # p, dp, the number of updates: what makes the first


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SkipLSTMCell(NamedCell):
    """One time step: stacked LSTM layers and one gate, which updates the states of all or of none.

        p_t = p_{t-1} + min(dp_{t-1}, 1 - p_{t-1}),   u_t = round(p_t)
        h~, c~ = LSTM(x_t, h_{t-1}, c_{t-1});   dp~ = sigmoid(w c~ + b), c~ of the top layer
        (h, c, dp)_t = u_t (h~, c~, dp~) + (1 - u_t) (h, c, dp)_{t-1}
        p_t is 0 for the next step where u_t = 1

    A sequence starts with an update: p = 0, dp = 1. h and c of the start are learned.

    Args:
        units, budget, update_bias: see `SkipLSTMArguments`.

    Weights:
        kernel_0, ...: `(I + H, 4 H)`, of `[x_t; h_{t-1}]`; of a higher layer x is the h~ below.
        bias_0, ...: `(4 H,)`; 1 for the forget gate at first.
        update_kernel: w, `(H, 1)`.
        update_bias: b, `(1,)`.
        initial_state_0, ...: h and c of the top layer, then of those below; normal at first.

    States: h and c of the top layer, of the layers below it, then p, dp and the number of updates
        since the start, `(B, 1)` each and float32.
    """

    Arguments = SkipLSTMArguments

    def __init__(self, units=None, **arguments):
        super().__init__(units, **arguments)
        self.units = units_list(self.arguments.units)
        self.state_shapes = [(u,) for u in self.units[::-1] for _ in "hc"] + [(1,)] * len(COUNTERS)

    def build(self, input_shape):
        self.kernels, self.biases, below = [], [], input_shape[-1]
        self.input_size = below
        for i, units in enumerate(self.units):
            kernel = (below + units, 4 * units)
            self.kernels.append(self.add_weight(name=f"kernel_{i}", shape=kernel))
            self.biases.append(
                self.add_weight(name=f"bias_{i}", shape=(4 * units,), initializer=forget_ones)
            )
            below = units
        self.update_kernel = self.add_weight(name="update_kernel", shape=(below, 1))
        self.update_bias = self.add_weight(
            name="update_bias",
            shape=(1,),
            initializer=keras.initializers.Constant(self.arguments.update_bias),
        )
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.initial_states = [
            self.add_weight(name=f"initial_state_{i}", shape=shape, initializer=normal)
            for i, shape in enumerate(self.state_shapes[: -len(COUNTERS)])
        ]
        self.built = True

    def get_initial_state(self, batch_size):
        """The learned states, and p = 0, dp = 1, no updates."""
        learned = [
            ops.zeros((batch_size, 1), self.compute_dtype) + ops.cast(state, self.compute_dtype)
            for state in self.initial_states
        ]
        return [*learned, *(make((batch_size, 1), "float32") for make in COUNTERS)]

    def project_inputs(self, inputs):
        return ops.matmul(inputs, self.kernels[0][: self.input_size]) + self.biases[0]

    def step(self, projected, states):
        counters = (ops.cast(state, "float32") for state in states[-len(COUNTERS) :])
        probability, increment, updates = counters
        gate, probability = update_gate(probability, increment)
        below, new_states, term = None, [], projected
        gate_of_states = ops.cast(gate, self.compute_dtype)
        for i, kernel in enumerate(self.kernels):
            place = 2 * (len(self.kernels) - 1 - i)  # the top layer comes first
            hidden, carry = states[place : place + 2]
            if i == 0:
                gates = term + ops.matmul(hidden, kernel[self.input_size :])
            else:
                both = ops.concatenate([below, hidden], axis=-1)
                gates = ops.matmul(both, kernel) + self.biases[i]
            below, candidate = lstm_step(gates, carry)
            new_states = [
                update(gate_of_states, below, hidden),
                update(gate_of_states, candidate, carry),
                *new_states,
            ]
        logits = ops.matmul(candidate, self.update_kernel) + self.update_bias
        grown = ops.sigmoid(ops.cast(logits, "float32"))
        counters = [
            (1.0 - gate) * probability,
            update(gate, grown, increment),
            updates + gate,
        ]
        return new_states[0], [*new_states, *counters]


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SkipLSTM(RecurrentNetwork):
    """An LSTM that updates its state at the time steps that it chooses, and copies it at others.

    With a `budget` every update costs: lambda times the mean number of updates of a sequence is
    added to the loss. The figure `updated` is the share of time steps with an update, the mean over
    sequences; training reports it, and so does an evaluation.

    Args:
        units: H, or a list for stacked layers, which are updated together.
        **arguments: those of `SkipLSTMCell` and of `MemoryRNN` by keyword.

    Call arguments, output shape: see `MemoryRNN`. A masked step is neither an update nor a step.
        The states are those of `SkipLSTMCell`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> layer = SkipLSTM(110, budget=1e-4)
    """

    Cell = SkipLSTMCell

    def __init__(self, units=None, **arguments):
        super().__init__(units, **arguments)
        self.updated = Figure("updated")

    @property
    def figures(self):
        """What the layer says of its work, see `layers.figures`."""
        return [self.updated]

    @property
    def variables(self):
        return [*super().variables, *self.updated.variables]

    def inner_loop(self, sequences, initial_state, mask, training=False):
        counters = [ops.cast(state, "float32") for state in initial_state[-len(COUNTERS) :]]
        states = [*initial_state[: -len(COUNTERS)], *counters]
        last, outputs, states = super().inner_loop(sequences, states, mask, training)
        updates = ops.squeeze(states[-1] - counters[-1], -1)
        if self.cell.arguments.budget:
            self.add_loss(self.cell.arguments.budget * ops.mean(updates))
        if training or self.updated.is_watched:
            self.updated.add(updates / self.steps(sequences, mask))
        return last, outputs, states

    def steps(self, sequences, mask):
        """How many time steps a sequence has, those that are masked not counted."""
        if mask is None:
            return ops.cast(ops.shape(sequences)[1], "float32")
        return ops.maximum(ops.sum(ops.cast(mask, "float32"), axis=1), 1.0)
