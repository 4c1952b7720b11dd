"""The state of an LSTM.

Source: Hochreiter and Schmidhuber 1997, "Long Short-Term Memory"; Gers, Schmidhuber, Cummins 2000,
"Learning to Forget".

Shapes: B batch, H units.
"""

from keras import ops


def lstm_step(gates, carry):
    """`(h_t, c_t)`.

        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(c),   h_t = sigmoid(o) tanh(c_t)

    Args:
        gates: i, f, c, o side by side, `(B, 4 H)`.
        carry: c_{t-1}, `(B, H)`.
    """
    units = carry.shape[-1]
    # One sigmoid of all, the unused quarter too, is faster than three of quarters.
    input_gate, forget_gate, _, output_gate = ops.split(ops.sigmoid(gates), 4, axis=-1)
    carry = forget_gate * carry + input_gate * ops.tanh(gates[:, 2 * units : 3 * units])
    return output_gate * ops.tanh(carry), carry
