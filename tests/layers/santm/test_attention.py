"""Attention between slots against its equations, with Chebyshev matrices formed explicitly."""

import math

import keras
import numpy as np
import pytest
from helpers import compiled, finite_differences, gradients, numpy, tensors
from keras import ops

from keras_s4ntm.layers import SlotAttention
from keras_s4ntm.ops.chebyshev import ring_distances

SLOTS, WIDTH = 8, 4
VARIANTS = {
    "cheb": {"chebyshev_order": 3},
    "two steps around": {"chebyshev_order": 2, "reach": 2, "locality": None},
    "soft": {"chebyshev_order": 2, "locality": "soft"},
    "no neighbours": {"chebyshev_order": 1, "locality": None},
    "dot": {"attention": "dot", "locality": None},
    "dot near": {"attention": "dot", "chebyshev_order": 2},
}


def polynomials(matrix, order):
    results = [np.eye(len(matrix)), matrix]
    while len(results) < order:
        results.append(2 * matrix @ results[-1] - results[-2])
    return results[:order]


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def transcription(w, memory, own):
    """One memory `(N, W)`, float64, head by head."""
    slots, width = memory.shape
    distances, size = ring_distances(slots), width // own["attention_heads"]
    near = (distances > 0) & (distances <= own["reach"])
    ring = -1.0 * near / np.sqrt(np.outer(near.sum(1), near.sum(1)))
    order = 1 if own["attention"] == "dot" else own["chebyshev_order"]
    far = distances > own["chebyshev_order"] * own["reach"]

    def convolved(matrix, name, head):
        theta = w[name].reshape(order, width, width)[..., head * size : (head + 1) * size]
        terms = zip(polynomials(matrix, order), theta, strict=True)
        return sum(polynomial @ memory @ kernel for polynomial, kernel in terms)

    values = []
    for head in range(own["attention_heads"]):
        queries, keys = (convolved(ring, f"{name}_kernel", head) for name in ("query", "key"))
        scores = queries @ keys.T / np.sqrt(size)
        if own["locality"] == "hard":
            scores = np.where(far, -np.inf, scores)
        elif own["locality"] == "soft":
            scores = scores - np.where(far, np.log1p(np.exp(w["distance_weights"][head])), 0) * (
                distances
            )
        weights = softmax(scores)
        if own["attention"] == "dot":
            values.append(weights @ convolved(ring, "value_kernel", head))
        else:
            values.append(convolved(-weights, "value_kernel", head))
    values = np.concatenate(values, axis=-1)
    if own["attention"] == "cheb":
        values = values * (1 + np.vectorize(math.erf)(values / np.sqrt(2))) / 2 @ w["output_kernel"]
    memory = memory + values
    return memory + np.maximum(memory @ w["hidden_kernel"] + w["hidden_bias"], 0)


def built(rng, attention_heads=2, **options):
    """A layer with random weights, and these by name."""
    layer = SlotAttention(attention_heads=attention_heads, **options)
    layer.build((None, SLOTS, WIDTH))
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    return layer, {w.name: numpy(w.value).astype("float64") for w in layer.weights}


@pytest.mark.parametrize("name", VARIANTS)
def test_attention_is_that_of_its_equations(rng, name):
    layer, w = built(rng, **VARIANTS[name])
    memory = rng.normal(size=(3, SLOTS, WIDTH))
    expected = [transcription(w, one, layer.get_config()) for one in memory]
    outputs = numpy(compiled(lambda x: layer(x))(*tensors([memory])))
    np.testing.assert_allclose(outputs, np.stack(expected), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["cheb", "soft"])
def test_gradients_are_those_of_finite_differences(rng, name):
    layer, _ = built(rng, **VARIANTS[name])
    layer.set_weights([0.3 * w for w in layer.get_weights()])
    w = {one.name: numpy(one.value).astype("float64") for one in layer.weights}
    memory, mix = rng.normal(size=(1, SLOTS, WIDTH)), rng.normal(size=(1, SLOTS, WIDTH))

    def numbers(memory):
        return mix * transcription(w, memory[0], layer.get_config())

    factor, memories = tensors([mix, memory])
    (found,) = gradients(lambda memory: factor * layer(memory), [memories])
    np.testing.assert_allclose(found, finite_differences(numbers, [memory])[0], atol=2e-3)


def depends(layer, slot=0):
    """Which slots of M'' change with one slot of the memory: how far they are from it."""
    memory = np.random.default_rng(3).normal(size=(1, 16, WIDTH)).astype("float32")
    changed = memory.copy()
    changed[:, slot] += 1.0
    difference = np.abs(numpy(layer(changed)) - numpy(layer(memory))).max(-1)[0]
    return set(ring_distances(16)[slot][difference > 0])


@pytest.mark.parametrize(
    ("options", "furthest"),
    [
        ({"chebyshev_order": 2}, 3),
        ({"chebyshev_order": 2, "reach": 2}, 6),
        ({"attention": "dot", "chebyshev_order": 2}, 2),
        ({"chebyshev_order": 1, "locality": None}, 0),
        ({"chebyshev_order": 2, "locality": "soft"}, 8),
        ({"chebyshev_order": 2, "locality": None}, 8),
    ],
    ids=str,
)
def test_with_the_hard_bias_a_slot_further_away_changes_nothing(options, furthest):
    layer = SlotAttention(attention_heads=2, **options)
    layer.build((None, 16, WIDTH))
    assert depends(layer) == set(range(furthest + 1))


def test_with_the_hard_bias_slots_beyond_k_times_r_get_no_weight_at_all(rng):
    layer, _ = built(rng, chebyshev_order=3)
    (memory,) = tensors([rng.normal(size=(2, SLOTS, WIDTH))])
    weights, far = numpy(layer.weights_between(memory)), ring_distances(SLOTS) > 3
    assert far.any()
    assert (weights[..., far] == 0).all()
    assert (weights[..., ~far] > 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)


def test_it_computes_in_float32_under_mixed_precision(rng):
    layer, _ = built(rng, chebyshev_order=2)
    mixed = SlotAttention(attention_heads=2, chebyshev_order=2, dtype="mixed_bfloat16")
    mixed.build((None, SLOTS, WIDTH))
    mixed.set_weights(layer.get_weights())
    memory = ops.cast(rng.normal(size=(2, SLOTS, WIDTH)).astype("float32"), "bfloat16")
    found, expected = mixed(memory), numpy(layer(ops.cast(memory, "float32")))
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(ops.cast(found, "float32")), expected, rtol=5e-3)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "mean"}, "attention must be one of 'cheb', 'dot', got 'mean'"),
        ({"locality": "near"}, "locality must be one of 'hard', 'soft', None, got 'near'"),
        ({"chebyshev_order": 6}, "chebyshev_order must be one of 1, 2, 3, 4, 5, got 6"),
        ({"attention_heads": 3}, "attention_heads=3 cannot share memory_width=4 equally"),
        ({"reach": 5}, "reach=5 is more than half of a ring of memory_size=8 slots"),
        ({"head": 5}, "Unknown argument of SlotAttention 'head'"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SlotAttention(**options).build((None, SLOTS, WIDTH))


@pytest.mark.once
def test_the_config_makes_the_layer_again():
    config = SlotAttention(attention="dot", locality="soft", reach=2, name="mine").get_config()
    assert SlotAttention.from_config(config).get_config() == config
