"""Causal attention and the feed-forward layers against transcriptions of their equations."""

import math

import numpy as np
import pytest
from helpers import compiled, numpy, sequences

from keras_s4ntm.layers import CausalAttention, FeedForward, GatedFeedForward


def weights_of(layer):
    return {w.name: numpy(w.value).astype("float64") for w in layer.weights}


def transcription(w, inputs, heads, context):
    """One sequence `(T, H)`, float64, head by head and step by step."""
    queries, keys, values = np.split(inputs @ w["qkv_proj"], 3, axis=-1)
    size, outputs = inputs.shape[1] // heads, []
    for head in range(heads):
        q, k, v = (x[:, head * size : (head + 1) * size] for x in (queries, keys, values))
        reads = []
        for t in range(len(inputs)):
            seen = slice(max(0, t - context + 1), t + 1)
            weights = np.exp(k[seen] @ q[t] / np.sqrt(size))
            reads.append(weights @ v[seen] / weights.sum())
        outputs.append(np.stack(reads))
    return np.concatenate(outputs, axis=-1) @ w["out_proj"]


@pytest.mark.parametrize("context", [3, 100])
def test_attention_is_that_of_the_equation_over_the_last_steps(rng, context):
    layer, x = CausalAttention(6, heads=2, context=context), sequences(rng, time=7, size=6)
    layer.build(x.shape)
    outputs = numpy(compiled(lambda x: layer(x))(x))
    expected = [transcription(weights_of(layer), one, 2, context) for one in x]
    np.testing.assert_allclose(outputs, np.stack(expected), atol=1e-5)


def test_feed_forward_layers_are_those_of_their_equations(rng):
    x = sequences(rng, size=4)
    plain, gated = FeedForward(4, hidden_units=6), GatedFeedForward(4, hidden_units=6)
    outputs, w = numpy(plain(x)), weights_of(plain)
    hidden = x @ w["kernel_1"] + w["bias_1"]
    hidden = hidden * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2))) / 2
    np.testing.assert_allclose(outputs, hidden @ w["kernel_2"] + w["bias_2"], atol=1e-5)
    outputs, w = numpy(gated(x)), weights_of(gated)
    gate = x @ w["kernel_1"]
    hidden = gate / (1 + np.exp(-gate)) * (x @ w["kernel_3"])
    np.testing.assert_allclose(outputs, hidden @ w["kernel_2"], atol=1e-5)


def test_weights_are_as_many_as_in_the_papers():
    def count(layer):
        layer.build((None, None, 64))
        return layer.count_params()

    assert count(CausalAttention(64)) == 4 * 64**2
    assert count(FeedForward(64)) == 8 * 64**2 + 5 * 64
    assert count(GatedFeedForward(64)) == 3 * 64 * 170
