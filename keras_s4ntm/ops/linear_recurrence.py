"""Linear recurrences whose coefficients change from step to step.

Shapes: B batch, T time steps.
"""

from keras import ops

from keras_s4ntm.backend.exporting import exporting_onnx
from keras_s4ntm.backend.time_loop import rnn


def linear_recurrence(decays, inputs, initial):
    """`h_t = a_t h_{t-1} + b_t`, number by number.

    The gradient is written out: it is the same recurrence backwards in time. A loop over time that
    is differentiated as it stands stores more, and on PyTorch takes several operations a step.

        dh_t = dy_t + a_{t+1} dh_{t+1},   da_t = dh_t h_{t-1},   db_t = dh_t

    Args:
        decays: a, `(B, T, ...)`.
        inputs: b, as `decays`.
        initial: h_0, `(B, ...)`.

    Returns:
        All h_t, `(B, T, ...)`.
    """
    if exporting_onnx():
        return run(decays, inputs, initial)

    @ops.custom_gradient
    def recurrence(decays, inputs, initial):
        states = run(decays, inputs, initial)

        def gradient(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            later = ops.concatenate([decays[:, 1:], ops.zeros_like(decays[:, :1])], axis=1)
            backwards = [ops.flip(x, axis=1) for x in (later, upstream)]
            flow = ops.flip(run(*backwards, ops.zeros_like(initial)), axis=1)
            before = ops.concatenate([ops.expand_dims(initial, 1), states[:, :-1]], axis=1)
            return flow * before, flow, decays[:, 0] * flow[:, 0]

        return states, gradient

    return recurrence(*(ops.convert_to_tensor(x) for x in (decays, inputs, initial)))


def run(decays, inputs, initial):
    """The recurrence itself."""

    def step(now, states):
        state = now[0] * states[0] + now[1]
        return state, [state]

    return rnn(step, [decays, inputs], [initial])[1]
