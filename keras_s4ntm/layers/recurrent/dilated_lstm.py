"""An LSTM whose state comes from several time steps before.

Source: Chang et al. 2017, "Dilated Recurrent Neural Networks", section 2.

Shapes: B batch, T time steps, I inputs, H units, d dilation.
"""

import keras
from keras import ops

from keras_s4ntm.checks import check_positive_int
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.ops.interleaving import deinterleaved, interleaved, oldest_first


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DilatedLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with a dilated recurrence: `h_t, c_t = cell(x_t, h_{t-d}, c_{t-d})`.

    The steps 0, d, 2d, ... are a sequence of their own, and so are 1, d + 1, ...: d times as many
    sequences, each of T / d steps, which run side by side.

    Args:
        units: H.
        dilation: d. With 1 it is `keras.layers.LSTM`.
        **kwargs: those of `keras.layers.LSTM`, but no dropout, and only forwards.

    Call arguments:
        sequences: `(B, T, I)`; any batch size, any length.
        initial_state: `[h, c]`, each `(B, d H)`: those of the last d time steps, the oldest first.
        mask: `(B, T)`, boolean. Time goes on at a masked step, whose h_t and c_t are
            h_{t-d} and c_{t-d}.
        training: boolean.

    Output shape:
        `(B, T, H)` or, without `return_sequences`, `(B, H)`, the output of the last step that is
        not masked; with `return_state` followed by two states `(B, d H)`.

    Raises:
        ValueError: an argument that cannot be meant.

    Example:

    >>> layers = [DilatedLSTM(20, dilation=2**i, return_sequences=True) for i in range(9)]
    """

    def __init__(self, units, *, dilation=1, **kwargs):
        for name in ("dropout", "recurrent_dropout", "go_backwards"):
            if kwargs.get(name):
                raise ValueError(
                    f"DilatedLSTM has no {name}, got {kwargs[name]!r}. Use a layer of its own, "
                    "such as keras.layers.Dropout, or flip the sequence before."
                )
        super().__init__(check_positive_int("units", units), **kwargs)
        self.dilation = check_positive_int("dilation", dilation)
        self.state_size = [self.dilation * units] * 2

    def get_initial_state(self, batch_size):
        """Zeros: hidden and carry states of the d time steps before the first."""
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_size]

    def inner_loop(self, sequences, initial_state, mask, training=False):
        batch, length = ops.shape(sequences)[:2]
        if mask is None and (self.return_state or self.stateful):
            mask = ops.ones((batch, length), "bool")  # so that zeros at the end change no state
        _, outputs, states = super().inner_loop(
            interleaved(sequences, self.dilation),
            [ops.reshape(state, (-1, self.units)) for state in initial_state],
            None if mask is None else interleaved(mask, self.dilation),
            training,
        )
        states = [ops.reshape(state, (-1, self.dilation, self.units)) for state in states]
        if self.return_sequences:
            outputs = deinterleaved(outputs, self.dilation, length)
            last = outputs[:, -1]
        else:
            last = outputs = self.last_output(states[0], mask, length)
        size = self.dilation * self.units
        return last, outputs, [ops.reshape(oldest_first(s, length), (-1, size)) for s in states]

    def last_output(self, hidden, mask, length):
        """The output of the last step that is not masked, from the last ones of all d sequences,
        `(B, d, H)`.
        """
        if mask is None:
            return oldest_first(hidden, length)[:, -1]
        steps = ops.arange(length, dtype="int32")
        last = ops.max(ops.where(mask, steps, ops.zeros_like(steps)), axis=1)
        chosen = ops.one_hot(last % self.dilation, self.dilation, dtype=hidden.dtype)
        return ops.sum(ops.expand_dims(chosen, -1) * hidden, axis=1)

    def step(self, inputs, states):
        """One time step of a stream.

        Args:
            inputs: `(B, I)`.
            states: the states after the step before; at first `get_initial_state(B)`.

        Returns:
            `(output, states)`; step by step the same outputs as the whole sequence gives.
        """
        output, new = self.cell(inputs, [state[:, : self.units] for state in states])
        states = [
            ops.concatenate([old[:, self.units :], state], axis=-1)
            for old, state in zip(states, new, strict=True)
        ]
        return output, states

    def get_config(self):
        return with_format({**super().get_config(), "dilation": self.dilation})

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))
