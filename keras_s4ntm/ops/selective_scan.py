"""Selective state spaces (S6): diagonal systems whose step size, B and C follow the input.

Source: Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
section 3 and algorithm 2, and the authors' code (github.com/state-spaces/mamba,
`selective_scan_ref`). A is discretized exactly, B by Euler's rule:

    h_t = exp(dt_t A) h_{t-1} + dt_t B_t u_t,   y_t = sum_n C_t h_t

Where dt_t is zero a step changes nothing.

Shapes: B batch, T time steps, D channels, N numbers in the state of a channel.
"""

from keras import ops

from keras_s4ntm.backend.recompute import recomputed
from keras_s4ntm.backend.time_loop import rnn
from keras_s4ntm.ops.chunks import chunk_length, in_chunks, joined
from keras_s4ntm.ops.linear_recurrence import linear_recurrence

LONGEST_CHUNK = 128  # its (B, C, D, N) numbers are all that is stored at a time


def selective_scan_step(inputs, delta, a, b, c, state):
    """One time step.

    Args:
        inputs: u, `(B, D)`.
        delta: dt, the step sizes, `(B, D)`, not negative.
        a: `(D, N)`, negative.
        b, c: `(B, N)`.
        state: h, `(B, D, N)`.

    Returns:
        `(outputs, state)`: `(B, D)` and `(B, D, N)`.
    """
    decay, driven = discretize(inputs, delta, a, b)
    state = decay * state + driven
    return read_out(state, c), state


def selective_scan(inputs, delta, a, b, c, state):
    """A whole sequence, or the next part of one.

    Sequences of more than `LONGEST_CHUNK` time steps are cut into chunks. Of these only the states
    in between are stored; the backward pass computes the rest once more.

    Args:
        inputs: u, `(B, T, D)`.
        delta: dt, `(B, T, D)`, not negative.
        a: `(D, N)`, negative.
        b, c: `(B, T, N)`.
        state: h before the first step, `(B, D, N)`.

    Returns:
        `(outputs, state)`: `(B, T, D)`, and the state after the last step.
    """
    length = ops.shape(inputs)[1]
    if isinstance(length, int) and length == 1:
        now = (inputs[:, 0], delta[:, 0], a, b[:, 0], c[:, 0])
        outputs, state = selective_scan_step(*now, state)
        return ops.expand_dims(outputs, 1), state
    size = chunk_length(length, LONGEST_CHUNK)
    if size is None:
        return scan_chunk(inputs, delta, a, b, c, state)

    def step(now, states, constants):
        inputs, delta, b, c = now
        outputs, state = scan_chunk(inputs, delta, constants[0], b, c, states[0])
        return outputs, [state]

    chunks = [in_chunks(x, size) for x in (inputs, delta, b, c)]
    _, outputs, (state,) = rnn(recomputed(step, constants=[a]), chunks, [state])
    return joined(outputs, length), state


def scan_chunk(inputs, delta, a, b, c, state):
    """As `selective_scan`, in one piece."""
    states = linear_recurrence(*discretize(inputs, delta, a, b), state)
    return read_out(states, c), states[:, -1]


def discretize(inputs, delta, a, b):
    """`exp(dt A)` and `dt B u`, each `(..., D, N)`."""
    decay = ops.exp(ops.expand_dims(delta, -1) * a)
    return decay, ops.expand_dims(delta * inputs, -1) * ops.expand_dims(b, -2)


def read_out(states, c):
    """`sum_n C h`: `(..., D)`."""
    return ops.squeeze(ops.matmul(states, ops.expand_dims(c, -1)), -1)
