"""Selective state spaces, whole, in chunks and step by step, against the paper's recurrence."""

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, tensors

from keras_s4ntm.ops import selective_scan as module
from keras_s4ntm.ops.selective_scan import selective_scan, selective_scan_step

D, N = 3, 2


def transcription(inputs, delta, b, c, state, a):
    """Algorithm 2 for one sequence, float64: the outputs `(T, D)`."""
    state, outputs = np.array(state, "float64"), np.zeros(inputs.shape)
    for t in range(len(inputs)):
        for d in range(inputs.shape[1]):
            for n in range(a.shape[1]):
                decay = np.exp(delta[t, d] * a[d, n])
                state[d, n] = decay * state[d, n] + delta[t, d] * b[t, n] * inputs[t, d]
            outputs[t, d] = c[t] @ state[d]
    return outputs


def scan(inputs, delta, b, c, state, a):
    """`selective_scan`, with an A for every sequence of the batch, all the same."""
    return selective_scan(inputs, delta, a[0], b, c, state)[0]


def arguments(rng, length, batch=2):
    return [
        rng.normal(size=(batch, length, D)),
        np.exp(rng.uniform(-4, 1, (batch, length, D))),
        rng.normal(size=(batch, length, N)),
        rng.normal(size=(batch, length, N)),
        rng.normal(size=(batch, D, N)),
        np.repeat(-np.exp(rng.normal(size=(1, D, N))), batch, axis=0),
    ]


@pytest.fixture(params=[4, 128], ids=["in chunks", "whole"])
def chunks(request, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_CHUNK", request.param)


@pytest.mark.usefixtures("chunks")
def test_outputs_are_those_of_the_recurrence(equation, rng):
    equation(compiled(scan), transcription).check_values(arguments(rng, 7))


@pytest.mark.usefixtures("chunks")
def test_gradients_are_those_of_finite_differences(equation, rng):
    equation(scan, transcription).check_gradients(arguments(rng, 6, batch=1))


def test_step_by_step_the_outputs_are_those_of_the_recurrence(rng):
    given = arguments(rng, 4)
    inputs, delta, b, c, state, a = tensors(given)
    expected = np.stack([transcription(*one) for one in zip(*given, strict=True)])
    step = compiled(selective_scan_step)
    for t in range(4):
        output, state = step(inputs[:, t], delta[:, t], a[0], b[:, t], c[:, t], state)
        np.testing.assert_allclose(numpy(output), expected[:, t], atol=1e-5)


@pytest.mark.usefixtures("chunks")
def test_the_state_goes_on_and_steps_of_size_zero_change_nothing(rng):
    inputs, delta, b, c, state, a = arguments(rng, 6)
    delta[:, 4:] = 0.0
    run = compiled(selective_scan)
    _, last = run(*tensors([inputs, delta, a[0], b, c, state]))
    _, before = run(*tensors([inputs[:, :4], delta[:, :4], a[0], b[:, :4], c[:, :4], state]))
    np.testing.assert_allclose(numpy(last), numpy(before), atol=1e-6)


def test_a_step_so_large_that_all_is_forgotten_has_finite_gradients(equation, rng):
    given = arguments(rng, 5)
    given[1][:, 2] = 1e4
    given[2][:, 2] = 1e-4
    equation(scan, transcription).check_edge(given)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only there lengths are unknown"
)
def test_a_length_that_is_not_known_when_it_is_traced(rng):
    import tensorflow as tf

    shapes = [(None, None, D), (None, None, D), (D, N), (None, None, N), (None, None, N)]
    signature = [tf.TensorSpec(shape) for shape in (*shapes, (None, D, N))]
    traced = tf.function(selective_scan, input_signature=signature)
    inputs, delta, b, c, state, a = arguments(rng, 9)
    given = tensors([inputs, delta, a[0], b, c, state])
    for found, expected in zip(traced(*given), selective_scan(*given), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
