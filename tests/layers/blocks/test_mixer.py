"""What holds for every layer that is parallel over time, alone and in a residual block."""

import re

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, sequences, stream

from keras_s4ntm.layers import (
    CausalAttention,
    FeedForward,
    GatedDeltaNet,
    GatedFeedForward,
    Mamba,
    Residual,
)

H = 4
SMALL = {
    CausalAttention: {"heads": 2, "context": 5},
    FeedForward: {"hidden_units": 6},
    GatedDeltaNet: {"heads": 2, "key_dimension": 3, "value_dimension": 2},
    GatedFeedForward: {"hidden_units": 6},
    Mamba: {"state_dimension": 3, "kernel_size": 3},
}
MIXERS = list(SMALL)
RECURRENT = [Mamba, GatedDeltaNet]
OTHER_THAN_DEFAULT = {
    "units": 8,
    "heads": 3,
    "context": 7,
    "hidden_units": 5,
    "state_dimension": 4,
    "expansion": 3,
    "kernel_size": 2,
    "key_dimension": 5,
    "value_dimension": 7,
}


def build(kind, units=H, **more):
    layer = kind(units, **SMALL[kind], **more)
    layer.build((None, None, units))
    return layer


def apply(layer, inputs, **arguments):
    return numpy(compiled(lambda x: layer(x, **arguments))(inputs))


@pytest.mark.parametrize("kind", MIXERS)
def test_step_by_step_the_outputs_are_those_of_the_sequence_and_see_no_future(rng, kind):
    layer, x = build(kind), sequences(rng, time=8, size=H)
    whole = apply(layer, x)
    outputs, states = stream(layer, x)
    np.testing.assert_allclose(outputs, whole, atol=1e-5)
    assert [tuple(s.shape) for s in states] == [(3, size) for size in layer.state_size]
    assert {keras.backend.standardize_dtype(s.dtype) for s in states} <= {"float32"}
    changed = x.copy()
    changed[:, 5:] += 1.0
    after = apply(layer, changed)
    np.testing.assert_allclose(after[:, :5], whole[:, :5], atol=1e-6)
    assert np.abs(after[:, 5] - whole[:, 5]).max() > 1e-4


@pytest.mark.parametrize("kind", RECURRENT)
def test_chunks_of_a_stream_give_the_outputs_of_the_sequence(rng, kind):
    layer, x = build(kind), sequences(rng, time=8, size=H)
    states, outputs = layer.get_initial_state(3), []
    advance = compiled(lambda x, states: layer.chunk(x, states))
    for part in np.split(x, [1, 4], axis=1):
        y, states = advance(part, states)
        outputs.append(numpy(y))
    np.testing.assert_allclose(np.concatenate(outputs, axis=1), apply(layer, x), atol=1e-5)


@pytest.mark.parametrize("kind", MIXERS)
def test_masked_steps_at_the_end_change_no_other_step(rng, kind):
    layer, x = build(kind), sequences(rng, batch=2, time=7, size=H)
    mask = np.arange(7) < np.array([[4], [7]])
    outputs = apply(layer, np.where(mask[..., None], x, 9.0).astype("float32"), mask=mask)
    expected = apply(layer, x)
    np.testing.assert_allclose(outputs[1], expected[1], atol=1e-5)
    np.testing.assert_allclose(outputs[0, :4], expected[0, :4], atol=1e-5)
    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("kind", RECURRENT)
def test_the_memory_stays_as_it_is_at_masked_steps(rng, kind):
    layer, x = build(kind), sequences(rng, time=6, size=H)
    mask = np.ones((3, 6), "bool")
    mask[:, 4:] = False
    run = compiled(lambda x, states, mask=None: layer.chunk(x, states, mask))
    _, (_, masked) = run(x, layer.get_initial_state(3), mask)
    _, (_, shorter) = run(x[:, :4], layer.get_initial_state(3))
    np.testing.assert_allclose(numpy(masked), numpy(shorter), atol=1e-6)


def test_nothing_looks_at_a_masked_step_in_the_middle(rng):
    layer, x = build(CausalAttention), sequences(rng, time=5, size=H)
    mask = np.array([[True, False, True, True, True]] * 3)
    changed = x.copy()
    changed[:, 1] += 1.0
    seen = [0, 2, 3, 4]
    expected = apply(layer, x, mask=mask)[:, seen]
    np.testing.assert_allclose(apply(layer, changed, mask=mask)[:, seen], expected, atol=1e-6)


@pytest.mark.dealt
@pytest.mark.parametrize("kind", MIXERS)
def test_a_keras_file_gives_a_block_back(rng, kind, tmp_path):
    norm = "layer" if kind in (CausalAttention, FeedForward) else "rms"
    inputs = keras.Input((None, H))
    model = keras.Model(inputs, Residual(kind(H, **SMALL[kind]), norm=norm)(inputs))
    assert model.output_shape == (None, None, H)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found, block = loaded.layers[1], model.layers[1]
    assert found.layer.get_config() == block.layer.get_config()
    assert found.norm.get_config() == block.norm.get_config()
    x = sequences(rng, 2, 9, H)
    np.testing.assert_allclose(apply(loaded, x), apply(model, x), atol=1e-6)


@pytest.mark.dealt
@pytest.mark.parametrize("kind", MIXERS)
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_near_float32(rng, kind, dtype):
    exact, mixed = build(kind), build(kind, dtype=dtype)
    mixed.set_weights(exact.get_weights())
    x = sequences(rng, time=7, size=H)
    found, expected = compiled(lambda x: mixed(x))(x), apply(exact, x)
    assert keras.backend.standardize_dtype(found.dtype) == mixed.compute_dtype
    scale = np.abs(expected).max()
    np.testing.assert_allclose(numpy(found).astype("float32"), expected, atol=0.1 * scale)


@pytest.mark.dealt
@pytest.mark.parametrize("kind", MIXERS)
def test_every_weight_gets_a_gradient_in_mixed_precision(rng, kind):
    inputs = keras.Input((5, H))
    layer = Residual(kind(H, **SMALL[kind], dtype="mixed_bfloat16"), dtype="mixed_bfloat16")
    model = keras.Model(inputs, layer(inputs))
    before = [numpy(w.value).copy() for w in model.trainable_weights]
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    loss = model.train_on_batch(sequences(rng, 4, 5, H), sequences(rng, 4, 5, H))
    assert np.isfinite(loss)
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.abs(numpy(weight.value) - old).max() > 0, weight.path


# Arguments


@pytest.mark.once
@pytest.mark.parametrize("kind", MIXERS)
def test_every_argument_is_in_the_config_changes_only_itself_and_survives_a_round_trip(kind):
    default = kind(12, name="mine").get_config()
    for name in kind.Arguments.names():
        config = kind(**{"units": 12, name: OTHER_THAN_DEFAULT[name]}, name="mine").get_config()
        assert {key for key in config if config[key] != default[key]} == {name}
        assert kind.from_config(config).get_config() == config
        documented = "".join(c.__doc__ or "" for c in kind.Arguments.__mro__)
        assert re.search(rf"^ +[\w, ]*\b{name}\b[\w, ]*:", documented, re.MULTILINE), name


@pytest.mark.once
@pytest.mark.parametrize("kind", MIXERS)
def test_what_cannot_be_meant_is_refused_by_name(kind):
    for name in kind.Arguments.names():
        for value in (0, 2.5, True):
            with pytest.raises(ValueError, match=f"{name} must be a positive integer"):
                kind(**{"units": 12, name: value})
    with pytest.raises(ValueError, match=f"Unknown argument of {kind.__name__} 'unit'"):
        kind(12, unit=3)
    with pytest.raises(ValueError, match=r"units=12, but the input has 3 .* Dense\(12\)"):
        kind(12, **SMALL[kind]).build((None, None, 3))


@pytest.mark.once
def test_heads_that_cannot_share_the_units_are_refused():
    with pytest.raises(ValueError, match="heads=3 cannot share units=4 equally"):
        CausalAttention(4, heads=3)
