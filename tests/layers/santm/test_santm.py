"""SANTM: its levels against their equations, its mask, and the loop over the accesses alone."""

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, sequences, stream, weight_gradients
from keras import ops

from keras_s4ntm.layers import SANTM, AccessMask, SegmentLSTM
from keras_s4ntm.models import Sizes, build_model

SMALL = {
    "mask_steps": 5,
    "access_rate": 0.5,
    "memory_size": 6,
    "memory_width": 4,
    "attention_heads": 2,
    "chebyshev_order": 2,
}
SCORES = [0.1, 0.9, 0.2, 0.8, 0.3]  # steps 0, 2 and 4 access the memory
LENGTH = 8  # the mask begins again within a sequence


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(gates, carry):
    i, f, c, o = np.split(gates, 4, axis=-1)
    carry = sigmoid(f) * carry + sigmoid(i) * np.tanh(c)
    return sigmoid(o) * np.tanh(carry), carry


def build(scores=SCORES, **more):
    layer = SANTM(4, **{**SMALL, "return_sequences": True, **more})
    layer.build((3, None, 5))
    layer.access_mask.scores.assign(scores)
    return layer


def projected(layer):
    """The layer, whose support is the best three steps of five."""
    layer.access_mask.project(layer.access_mask.target)
    return layer


def call(layer, x, **arguments):
    return numpy(compiled(lambda x: layer(x, **arguments))(ops.convert_to_tensor(x)))


# The two lower levels


def test_segments_are_those_of_the_equations(rng):
    layer, x = SegmentLSTM(4, return_sequences=True), sequences(rng, time=7)
    layer.build(x.shape)
    layer.cell.boundary_bias.assign([0.0])
    w = {v.name: numpy(v.value).astype("float64") for v in layer.weights}
    expected, ends = [], []
    for one in x.astype("float64"):
        h, c, h2, c2 = np.zeros((4, 4))
        for now in one:
            logit = np.concatenate([now, c]) @ w["boundary_kernel"] + w["boundary_bias"]
            end = (logit > 0).item()
            h, c = lstm(np.concatenate([now, h]) @ w["kernel"] + w["bias"], c)
            c = np.zeros(4) if end else c
            if end:
                both = np.concatenate([h, h2])
                h2, c2 = lstm(both @ w["segment_kernel"] + w["segment_bias"], c2)
            expected.append(h2)
            ends.append(end)
    assert len(set(ends)) == 2
    np.testing.assert_allclose(call(layer, x).reshape(-1, 4), expected, atol=1e-5)


# The mask


def test_the_mask_is_that_of_the_equations_and_begins_again_after_its_last_step():
    mask = AccessMask(mask_steps=5, access_rate=0.5)
    mask.build()
    w, u = np.array([0.1, 0.9, -0.2, 0.56, 0.55]), np.array([0.1, 0.1, 0.1, 0.1, 0.1])
    mask.scores.assign(w)
    mask.scales.assign(np.arange(5) + 2.0)
    soft = 1 - np.maximum((np.tanh(w + u) + np.tanh(w - u)) / 2, 0)
    np.testing.assert_allclose(numpy(mask.soft()), soft, atol=1e-6)
    np.testing.assert_array_equal(mask.access_steps, [0, 2, 4])  # where w < 0.554
    gates, scales = mask.gates(ops.arange(7))
    np.testing.assert_array_equal(numpy(gates), [1, 0, 1, 0, 1, 1, 0])
    np.testing.assert_array_equal(numpy(scales), [2, 0, 4, 0, 6, 2, 0])


def test_the_support_shrinks_to_its_best_steps_in_the_first_half_and_never_grows():
    mask = AccessMask(mask_steps=10, access_rate=0.25)
    mask.build()
    scores = np.linspace(-0.9, 0.9, 10)[::-1].copy()
    mask.scores.assign(scores)
    sizes, changes = [], []
    for epoch in range(8):
        changes.append(mask.on_epoch_begin(epoch, 8))
        sizes.append(int(numpy(mask.support.value).sum()))
    assert sizes == [10, 8, 6, 5, 3, 3, 3, 3]
    assert [i for i, changed in enumerate(changes) if changed] == [4]
    np.testing.assert_array_equal(mask.access_steps, [7, 8, 9])
    mask.scores.assign(scores[::-1])
    mask.project(2)  # the best two of those that are left
    np.testing.assert_array_equal(np.flatnonzero(numpy(mask.support.value)), [7, 8])


@pytest.mark.parametrize("place", [0, 127, 128, 700])
def test_the_place_in_a_sequence_is_exact_in_bfloat16(place):
    mask = AccessMask(mask_steps=784)
    state = mask.state_at(ops.convert_to_tensor([[place]], "int32"), "bfloat16")
    for _ in range(100):
        state = mask.state_at(mask.place(state) + 1, "bfloat16")
    assert numpy(mask.place(state)).item() == (place + 100) % 784


# The whole


@pytest.mark.parametrize("readout", ["mean", "read"])
def test_a_stream_the_loop_over_all_steps_and_that_over_the_accesses_give_the_same(rng, readout):
    layer, x = build(readout=readout), sequences(rng, time=LENGTH)
    whole = call(layer, x)
    assert np.abs(whole).max() > 1e-3
    outputs, _ = stream(layer, x)
    np.testing.assert_allclose(outputs, whole, atol=1e-5)
    projected(layer)
    places = numpy(layer.access_mask.places_of_support(LENGTH))
    assert places.tolist() == [0, 1, 2, 4, 5, 7]  # step 1 fills up
    np.testing.assert_allclose(call(layer, x), whole, atol=1e-6)
    last = build(readout=readout, return_sequences=False)
    last.set_weights(layer.get_weights())
    for is_projected in (False, True):
        last.access_mask.is_projected = is_projected
        np.testing.assert_allclose(call(last, x), whole[:, -1], atol=1e-6)


def test_both_loops_have_the_same_gradients_and_they_reach_every_weight(rng):
    layer, x = projected(build(scores=[0.1, 0.9, 0.6, 0.8, 0.3])), sequences(rng, time=LENGTH)
    mix = ops.convert_to_tensor(sequences(rng, time=LENGTH, size=4))
    results = []
    for is_projected in (True, False):
        layer.access_mask.is_projected = is_projected
        results.append(weight_gradients(layer, lambda: ops.sum(mix * layer(x))))
        if keras.backend.backend() == "torch":
            for weight in layer.trainable_weights:
                weight.value.grad = None
    for path, gradient in results[0].items():
        np.testing.assert_allclose(gradient, results[1][path], atol=1e-4, err_msg=path)
        assert np.abs(gradient).max() > 0, path
    # Step 2 is in the support and does not access the memory: it may yet.
    (scores,) = (g for path, g in results[0].items() if path.endswith("mask/scores"))
    np.testing.assert_array_equal(scores != 0, [True, False, True, False, True])


def test_the_output_is_what_the_slots_hold_before_an_access_or_what_the_controller_knows(rng):
    layer, x = build(), sequences(rng, time=2)
    cell, states = layer.memory.cell, layer.get_initial_state(3)
    kernel, bias = numpy(cell.output_kernel.value), numpy(cell.output_bias.value)
    memory = cell.access.memory.get_initial_state(3)
    slots = numpy(cell.attention(ops.swapaxes(memory, 1, 2))).mean(1)
    output, after = layer.step(ops.convert_to_tensor(x[:, 0]), states)  # accesses
    np.testing.assert_allclose(numpy(output), slots @ kernel + bias, atol=1e-5)
    output, then = layer.step(ops.convert_to_tensor(x[:, 1]), after)  # does not
    hidden = numpy(after[4 + 2])
    np.testing.assert_allclose(numpy(output), hidden @ kernel + bias, atol=1e-5)
    for old, new in zip(after[6:], then[6:], strict=True):
        np.testing.assert_array_equal(numpy(old), numpy(new))


@pytest.mark.parametrize("is_projected", [False, True])
def test_masked_steps_at_the_end_change_nothing(rng, is_projected):
    layer, x = build(), sequences(rng, time=LENGTH)
    layer = projected(layer) if is_projected else layer
    last = build(return_sequences=False)
    last.set_weights(layer.get_weights())
    last.access_mask.is_projected = is_projected
    lengths = np.array([[3], [8], [4]])
    mask = np.arange(LENGTH) < lengths
    padded = np.where(mask[..., None], x, 9.0).astype("float32")
    whole, found = call(layer, x), call(layer, padded, mask=mask)
    ends = call(last, padded, mask=mask)
    for i, length in enumerate(lengths[:, 0]):
        np.testing.assert_allclose(found[i, :length], whole[i, :length], atol=1e-5)
        np.testing.assert_allclose(found[i, length - 1 :], found[i, [length - 1] * (9 - length)])
        np.testing.assert_allclose(ends[i], whole[i, length - 1], atol=1e-5)


def test_a_file_keeps_the_layer_and_the_support(rng, tmp_path):
    inputs = keras.Input((None, 5))
    layer = SANTM(4, **SMALL, return_sequences=True)
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, 4)
    layer.access_mask.project(2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == layer.get_config()
    assert loaded.layers[1].access_mask.is_projected
    x = sequences(rng, time=6)
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


def test_mixed_precision_is_near_float32(rng):
    exact, mixed = build(), build(dtype="mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    x = sequences(rng, time=LENGTH)
    found = compiled(lambda x: mixed(x))(ops.convert_to_tensor(x))
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    np.testing.assert_allclose(numpy(ops.cast(found, "float32")), call(exact, x), atol=0.05)


def test_the_penalty_is_the_sum_of_the_mask_before_it_is_rounded(rng):
    layer = build(mask_penalty=0.5)
    layer(sequences(rng, time=2))
    (loss,) = layer.losses
    np.testing.assert_allclose(numpy(loss), 0.5 * numpy(layer.access_mask.soft()).sum(), rtol=1e-6)


@pytest.mark.once
def test_the_share_of_accesses_is_a_figure(rng):
    layer = build()
    layer(sequences(rng, time=5), training=True)
    assert layer.figures[0].value() == pytest.approx(0.6)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access_rate": 0.0}, r"access_rate must be in \(0, 1\], got 0.0"),
        ({"mask_steps": 20_000}, "mask_steps must be at most 16384, got 20000"),
        ({"mask_penalty": -1.0}, "mask_penalty must be a number from 0 on"),
        ({"readout": "last"}, "readout must be one of 'mean', 'read', got 'last'"),
        ({"attention_heads": 3}, "attention_heads=3 cannot share memory_width=32 equally"),
        ({"reach": 17}, "reach=17 is more than half of a ring of memory_size=32"),
        ({"mask_step": 9}, "Did you mean 'mask_steps'"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SANTM(8, **options)


@pytest.mark.once
@pytest.mark.parametrize(("attention", "count"), [("dot", 38_728), ("cheb", 45_896)])
def test_the_published_sizes_give_the_published_number_of_parameters(attention, count):
    # About 38,800 in the released code, at 784 pixels and ten classes.
    model = build_model("santm", Sizes(1, 10, "classes"), attention=attention)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == count
