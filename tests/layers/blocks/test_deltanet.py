"""Gated DeltaNet against a transcription of its equations, and how it starts."""

import numpy as np
from helpers import compiled, numpy, sequences

from keras_s4ntm.layers import GatedDeltaNet

HEADS, K, V = 2, 3, 4


def silu(x):
    return x / (1 + np.exp(-x))


def weights_of(layer):
    return {w.name: numpy(w.value).astype("float64") for w in layer.weights}


def transcription(w, inputs):
    """One sequence `(T, H)`, float64, head by head and step by step."""
    x, size = inputs @ w["qkv_proj"], len(w["kernel"])
    padded = np.concatenate([np.zeros((size - 1, x.shape[1])), x])
    x = silu(np.stack([(w["kernel"] * padded[t : t + size]).sum(0) for t in range(len(x))]))
    q, k, v = np.split(x, [HEADS * K, 2 * HEADS * K], axis=-1)
    beta, steps = np.split(inputs @ w["ba_proj"], 2, axis=-1)
    beta = 1 / (1 + np.exp(-beta))
    alpha = np.exp(-np.exp(w["A_log"]) * np.log1p(np.exp(steps + w["dt_bias"])))
    outputs = []
    for head in range(HEADS):
        memory, reads = np.zeros((V, K)), []
        keys, values = slice(head * K, (head + 1) * K), slice(head * V, (head + 1) * V)
        for t in range(len(x)):
            key, query = k[t, keys], q[t, keys]
            key, query = key / np.linalg.norm(key), query / np.linalg.norm(query)
            a, b = alpha[t, head], beta[t, head]
            memory = memory @ (a * (np.eye(K) - b * np.outer(key, key)))
            memory += b * np.outer(v[t, values], key)
            read = memory @ query
            reads.append(read / np.sqrt((read**2).mean() + 1e-5) * w["scale"])
        outputs.append(np.stack(reads))
    outputs = np.concatenate(outputs, axis=-1) * silu(inputs @ w["gate_proj"])
    return outputs @ w["out_proj"]


def test_outputs_are_those_of_the_equations(rng):
    layer = GatedDeltaNet(5, heads=HEADS, key_dimension=K, value_dimension=V)
    x = sequences(rng, time=7)
    layer.build(x.shape)
    outputs, weights = numpy(compiled(lambda x: layer(x))(x)), weights_of(layer)
    assert len(weights) == 8
    expected = np.stack([transcription(weights, one) for one in x])
    # Reads of nearly nothing are divided by their own size: rounding counts for more.
    np.testing.assert_allclose(outputs, expected, atol=2e-4)


def test_decays_start_as_those_of_mamba_2():
    layer = GatedDeltaNet(8, heads=500, key_dimension=1, value_dimension=1)
    layer.build((None, None, 8))
    w = weights_of(layer)
    rates, steps = np.exp(w["A_log"]), np.log1p(np.exp(w["dt_bias"]))
    assert 0 < rates.min() < 1
    assert 15 < rates.max() <= 16
    assert abs(rates.mean() - 8) < 1
    assert 9.9e-4 < steps.min() < 1.3e-3
    assert 0.08 < steps.max() < 0.101


def test_it_has_the_weights_of_the_paper():
    """6 H^2 in the linear maps, with keys of 3/4 H and values of twice as many numbers."""
    layer = GatedDeltaNet(64)
    layer.build((None, None, 64))
    rates, convolution, norm = 2 * 2 * 64 + 2 * 2, 4 * 192, 48
    assert layer.count_params() == 6 * 64**2 + rates + convolution + norm
