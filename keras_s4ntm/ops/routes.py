"""Recurrent routes: from which of several earlier time steps a step takes its state.

A reconstruction. Of Shan, Luo, Zhang, Zhang 2023, "DRRNets: Dynamic Recurrent Routing via Low-Rank
Regularization in Recurrent Neural Networks", only the abstract is public: recurrent routes that are
allocated dynamically and shorten recurrent lengths, and low-rank constraints.

Shapes: B batch, H numbers of a state, R routes, D delays that are kept.
"""

from keras import ops

from keras_s4ntm.ops.straight_through import choose_largest


def choose_route(logits):
    """1 for the route with the largest logit, 0 for the others; the gradient is that of a softmax.

    Args:
        logits: `(B, R)`.
    """
    return choose_largest(ops.softmax(logits, axis=-1))


def route(weights, past, delays):
    """`s = sum_r a_r s_{t - d_r}`, `(B, H)`.

    Args:
        weights: a, `(B, R)`.
        past: the last D states, the newest first, `(B, D, H)`.
        delays: d, R whole numbers from 1 to D.
    """
    candidates = [past[:, delay - 1] for delay in delays]
    return sum(weights[:, r : r + 1] * state for r, state in enumerate(candidates))


def remember(past, state):
    """The past after one more time step: `(B, D, H)` with the state `(B, H)` before it, without the
    oldest.
    """
    return ops.concatenate([ops.expand_dims(state, 1), past[:, :-1]], axis=1)
