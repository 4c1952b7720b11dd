"""Mamba against a transcription of the authors' code, and how it starts."""

import numpy as np
from helpers import compiled, numpy, sequences

from keras_s4ntm.layers import Mamba


def silu(x):
    return x / (1 + np.exp(-x))


def weights_of(layer):
    return {w.name: numpy(w.value).astype("float64") for w in layer.weights}


def transcription(w, inputs, rank):
    """The forward pass of `mamba_simple.py` for one sequence `(T, H)`, float64."""
    x, z = np.split(inputs @ w["in_proj"], 2, axis=-1)
    size = len(w["kernel"])
    padded = np.concatenate([np.zeros((size - 1, x.shape[1])), x])
    x = np.stack([(w["kernel"] * padded[t : t + size]).sum(0) for t in range(len(x))])
    x = silu(x + w["bias"])
    n = w["A_log"].shape[1]
    rates, b, c = np.split(x @ w["x_proj"], [rank, rank + n], axis=-1)
    delta = np.log1p(np.exp(rates @ w["dt_proj"] + w["dt_bias"]))
    state, outputs = np.zeros_like(w["A_log"]), []
    for t in range(len(x)):
        state = np.exp(-delta[t][:, None] * np.exp(w["A_log"])) * state
        state += delta[t][:, None] * b[t] * x[t][:, None]
        outputs.append(state @ c[t] + w["D_skip"] * x[t])
    return (np.stack(outputs) * silu(z)) @ w["out_proj"]


def test_outputs_are_those_of_the_authors_code(rng):
    layer, x = Mamba(20, state_dimension=3, expansion=1), sequences(rng, time=6, size=20)
    layer.build(x.shape)
    outputs, weights = numpy(compiled(lambda x: layer(x))(x)), weights_of(layer)
    assert layer.rank == 2
    assert len(weights) == 9
    expected = np.stack([transcription(weights, one, 2) for one in x])
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_it_starts_as_the_authors_code_does():
    layer = Mamba(256)
    layer.build((None, None, 256))
    w = weights_of(layer)
    np.testing.assert_allclose(np.exp(w["A_log"]), np.tile(np.arange(1, 17), (512, 1)), rtol=1e-5)
    steps = np.log1p(np.exp(w["dt_bias"]))
    assert 9.9e-4 < steps.min() < 1.3e-3
    assert 0.08 < steps.max() < 0.101
    assert abs(np.log(steps).mean() - np.log(1e-2)) < 0.2
    assert (w["D_skip"] == 1).all()
    limits = {"in_proj": 256**-0.5, "x_proj": 512**-0.5, "out_proj": 512**-0.5, "dt_proj": 0.25}
    for name, limit in {**limits, "kernel": 0.5, "bias": 0.5}.items():
        assert 0.95 * limit < np.abs(w[name]).max() <= limit * (1 + 1e-6), name


def test_it_has_the_weights_of_the_authors_code():
    """Linear maps of 3 E H^2 weights (section 3.4), and what makes the step sizes, B and C."""
    layer = Mamba(64)
    layer.build((None, None, 64))
    inner, rank, states = 128, 4, 16
    selection = inner * (rank + 2 * states) + rank * inner + inner
    others = 4 * inner + inner + inner * states + inner
    assert layer.count_params() == 3 * 2 * 64**2 + selection + others == 32_640
