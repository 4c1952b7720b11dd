"""State updates that are skipped.

Source: Campos, Jou, Giró-i-Nieto, Torres, Chang 2018, "Skip RNN: Learning to Skip State Updates in
Recurrent Neural Networks", equations 2 to 5.

Shapes: B batch, H units.
"""

from keras import ops

from keras_s4ntm.ops.straight_through import binarize


def update_gate(probability, increment):
    """Whether the state is updated, from how the probability of it has grown.

        p_t = p_{t-1} + min(dp_{t-1}, 1 - p_{t-1}),   u_t = round(p_t)

    The gradient of u_t is that of p_t.

    Args:
        probability: p_{t-1}, the probability so far, `(B, 1)`: 0 after an update.
        increment: dp_{t-1}, what one time step adds to it, `(B, 1)`.

    Returns:
        `(u_t, p_t)`.
    """
    probability = probability + ops.minimum(increment, 1.0 - probability)
    return binarize(probability), probability


def update(gate, new, old):
    """`u_t s~_t + (1 - u_t) s_{t-1}`.

    Args:
        gate: u_t, `(B, 1)`: 0 or 1.
        new: s~_t, `(B, H)`.
        old: s_{t-1}, as `new`.
    """
    return gate * new + (1.0 - gate) * old
