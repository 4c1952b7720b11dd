"""A linear recurrence and its written-out gradient, against a loop in NumPy."""

import numpy as np

from keras_s4ntm.ops.linear_recurrence import linear_recurrence


def transcription(decays, inputs, initial):
    """One sequence: all states `(T, D)`."""
    state, states = initial, []
    for a, b in zip(decays, inputs, strict=True):
        state = a * state + b
        states.append(state)
    return np.stack(states)


def arguments(rng, length=5):
    return [
        rng.uniform(-1, 1, (2, length, 3)),
        rng.normal(size=(2, length, 3)),
        rng.normal(size=(2, 3)),
    ]


def test_states_and_gradients_are_those_of_the_loop(equation, rng):
    check = equation(linear_recurrence, transcription)
    check.check_values(arguments(rng))
    check.check_gradients(arguments(rng))


def test_a_decay_of_zero_forgets_everything_with_finite_gradients(equation, rng):
    decays, inputs, initial = arguments(rng)
    decays[:, 2] = 0.0
    check = equation(linear_recurrence, transcription)
    check.check_edge([decays, inputs, initial])
    check.check_gradients([decays, inputs, initial])
