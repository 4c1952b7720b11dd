"""The gated delta rule: step by step, in chunks and in one chunk, against the paper's equation."""

import numpy as np
import pytest
from helpers import compiled, gradients, numpy, tensors
from keras import ops

from keras_s4ntm.ops.delta_rule import delta_rule, delta_rule_step, unit_lower_inverse

H, K, V = 2, 3, 4


def transcription(queries, keys, values, rates, log_decays, state):
    """Equation 10 for one sequence, float64: the outputs `(T, H, V)`."""
    outputs = np.zeros(values.shape)
    for head in range(len(state)):
        memory = np.array(state[head], "float64").T  # S, (V, K)
        for t in range(len(keys)):
            q, k, v = queries[t, head], keys[t, head], values[t, head]
            alpha, beta = np.exp(log_decays[t, head]), rates[t, head]
            memory = memory @ (alpha * (np.eye(len(k)) - beta * np.outer(k, k)))
            memory += beta * np.outer(v, k)
            outputs[t, head] = memory @ q
    return outputs


def arguments(rng, length, batch=2, strongest=0.3):
    """Queries, keys of length one, values, rates, logarithms of decays, and a state."""
    keys = rng.normal(size=(batch, length, H, K))
    return [
        rng.normal(size=(batch, length, H, K)),
        keys / np.linalg.norm(keys, axis=-1, keepdims=True),
        rng.normal(size=(batch, length, H, V)),
        rng.uniform(size=(batch, length, H)),
        -strongest * rng.uniform(size=(batch, length, H)),
        rng.normal(size=(batch, H, K, V)),
    ]


def in_chunks_of(size):
    return compiled(lambda *a: delta_rule(*a, chunk=size)[0])


@pytest.mark.parametrize("chunk", [1, 4, 6, 64], ids="chunks of {}".format)
def test_any_chunks_and_one_chunk_are_the_equation(equation, rng, chunk):
    equation(in_chunks_of(chunk), transcription).check_values(arguments(rng, 13))


def test_step_by_step_it_is_the_equation(rng):
    given = arguments(rng, 5)
    *sequences, state = tensors(given)
    step = compiled(delta_rule_step)
    for t in range(5):
        output, state = step(*(x[:, t] for x in sequences), state)
        expected = np.stack([transcription(*one)[t] for one in zip(*given, strict=True)])
        np.testing.assert_allclose(numpy(output), expected, atol=1e-5)


@pytest.mark.parametrize("chunk", [3, 64])
def test_a_sequence_in_two_parts_goes_on_where_the_first_ended(rng, chunk):
    *sequences, state = tensors(arguments(rng, 9))
    run = compiled(lambda *a: delta_rule(*a, chunk=chunk))
    whole, last = run(*sequences, state)
    first, between = run(*(x[:, :4] for x in sequences), state)
    second, end = run(*(x[:, 4:] for x in sequences), between)
    np.testing.assert_allclose(numpy(whole)[:, :4], numpy(first), atol=1e-5)
    np.testing.assert_allclose(numpy(whole)[:, 4:], numpy(second), atol=1e-5)
    np.testing.assert_allclose(numpy(last), numpy(end), atol=1e-5)


@pytest.mark.parametrize("chunk", [2, 64])
def test_gradients_are_those_of_finite_differences(equation, rng, chunk):
    given = arguments(rng, 5, batch=1)
    equation(lambda *a: delta_rule(*a, chunk=chunk)[0], transcription).check_gradients(given)


def test_a_step_without_rate_and_decay_changes_nothing(rng):
    *sequences, state = arguments(rng, 6)
    for x in sequences[3:]:
        x[:] = 0.0
    _, last = compiled(delta_rule)(*tensors([*sequences, state]))
    np.testing.assert_allclose(numpy(last), state, rtol=1e-6)


def test_what_was_under_a_key_is_replaced(rng):
    """With a rate of one and no decay the last value of a key is read, and no earlier one."""
    places = np.array([0, 1, 2, 0, 1])
    keys = np.eye(K)[places][None, :, None]
    values = rng.normal(size=(1, 5, 1, V))
    ones, zeros = np.ones((1, 5, 1)), np.zeros((1, 5, 1))
    empty = np.zeros((1, 1, K, V))
    _, state = compiled(delta_rule)(*tensors([keys, keys, values, ones, zeros, empty]))
    np.testing.assert_allclose(numpy(state)[0, 0], values[0, [3, 4, 2], 0], atol=1e-6)


EDGES = {
    "one key all the time": {"rate": 0.9, "log_decay": 0.0},
    "memory that is wiped at every step": {"rate": 0.5, "log_decay": -200.0},
    "nothing is ever written": {"rate": 0.0, "log_decay": -1.0},
    "everything is replaced": {"rate": 1.0, "log_decay": 0.0},
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_have_exact_values_and_finite_gradients(equation, rng, edge):
    given = arguments(rng, 24, batch=1)
    given[1] = np.broadcast_to(given[1][:, :1], given[1].shape)
    given[3] = np.full_like(given[3], EDGES[edge]["rate"])
    given[4] = np.full_like(given[4], EDGES[edge]["log_decay"])
    equation(in_chunks_of(64), transcription).check_edge(given)


def test_a_key_of_zeros_has_finite_gradients(equation, rng):
    given = arguments(rng, 4, batch=1)
    given[1] = np.zeros_like(given[1])
    equation(in_chunks_of(64), transcription).check_edge(given)


@pytest.mark.parametrize("size", [1, 2, 5, 64])
def test_the_inverse_of_unit_lower_triangular_matrices(rng, size):
    scores = rng.uniform(-1, 1, (2, 3, size, size))
    scores[0, 0] = 0.99  # 64 equal keys: powers of this matrix grow to 1e18
    lower = np.tril(scores / np.sqrt(np.arange(1, size + 1))[:, None], -1)
    lower[0, 0] = np.tril(scores[0, 0], -1)
    found = numpy(compiled(unit_lower_inverse)(*tensors([lower])))
    np.testing.assert_allclose(found, np.linalg.inv(np.eye(size) + lower), atol=1e-5)


def test_the_gradient_of_the_inverse(rng):
    lower, mix = np.tril(rng.normal(size=(1, 3, 3)), -1), rng.normal(size=(1, 3, 3))
    (found,) = gradients(lambda x: tensors([mix])[0] * unit_lower_inverse(x), tensors([lower]))
    inverse = np.linalg.inv(np.eye(3) + lower[0]).T
    np.testing.assert_allclose(
        np.tril(found[0], -1), np.tril(-inverse @ mix[0] @ inverse, -1), atol=1e-4
    )


def test_keys_and_values_have_sizes_of_their_own(rng):
    _, keys, values, rates, decays, _ = arguments(rng, 3)
    outputs, state = compiled(delta_rule)(
        *tensors([keys, keys, values[..., :1], rates, decays, np.zeros((2, H, K, 1))])
    )
    assert outputs.shape == (2, 3, H, 1)
    assert ops.shape(state) == (2, H, K, 1)
