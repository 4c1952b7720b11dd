"""What all recurrent layers have in common: streams, states, masks, files, dtypes."""

from functools import partial

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, sequences, stream, with_the_weights_of
from keras import ops

from keras_s4ntm.layers import DRRLSTM, DilatedLSTM, SkipLSTM

LAYERS = {
    "DilatedLSTM": partial(DilatedLSTM, 4, dilation=3),
    "SkipLSTM": partial(SkipLSTM, [5, 4], update_bias=-0.5),
    "DRRLSTM": partial(DRRLSTM, 4, routes=3, rank=2),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def both(layer, **more):
    """`layer` built for sequences, which gives outputs and last states."""
    layer = layer(return_sequences=True, return_state=True, **more)
    layer.build((3, None, 5))
    return layer


def call(layer, inputs, **arguments):
    return numpy(compiled(lambda x: layer(x, **arguments))(ops.convert_to_tensor(inputs)))


def assert_close(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@every_layer
def test_steps_of_a_stream_give_the_outputs_and_states_of_the_whole_sequence(name, rng):
    layer, x = both(LAYERS[name]), sequences(rng, time=7)
    outputs, states = stream(layer, x)
    assert_close(call(layer, x), [outputs, *numpy(states)])
    assert [s.shape for s in numpy(states)] == [s.shape for s in numpy(layer.get_initial_state(3))]
    last = with_the_weights_of(layer, LAYERS[name]())
    np.testing.assert_allclose(call(last, x), outputs[:, -1], atol=1e-5)


@every_layer
def test_a_sequence_goes_on_from_the_states_after_its_first_part(name, rng):
    layer, x = both(LAYERS[name]), sequences(rng, time=7)
    expected = call(layer, x)
    first, *states = call(layer, x[:, :2])
    second, *states = call(
        layer, x[:, 2:], initial_state=[ops.convert_to_tensor(s) for s in states]
    )
    assert_close([np.concatenate([first, second], axis=1), *states], expected)


@every_layer
@pytest.mark.dealt
def test_a_stateful_layer_carries_its_states_and_starts_from_those_of_its_weights(name, rng):
    layer, x = both(LAYERS[name]), sequences(rng, time=7)
    expected = call(layer, x)[0]
    model = keras.Sequential(
        [keras.Input(batch_shape=(3, None, 5)), LAYERS[name](stateful=True, return_sequences=True)]
    )
    model.set_weights(layer.get_weights())
    for _ in range(2):
        parts = [numpy(model(part)) for part in (x[:, :2], x[:, 2:])]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)
        model.layers[0].reset_state()


@every_layer
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.dealt
def test_padding_that_is_masked_changes_nothing(name, side, rng):
    layer, x = LAYERS[name](), sequences(rng, time=8)
    layer.build(x.shape)
    steps = np.arange(8) if side == "right" else np.arange(8)[::-1]
    lengths = (3, 8, 3)
    mask = steps < np.array(lengths)[:, None]
    outputs = call(layer, np.where(mask[..., None], x, 9.0), mask=ops.convert_to_tensor(mask))
    for i, length in enumerate(lengths):
        alone = x[i : i + 1, mask[i]]
        assert alone.shape[1] == length
        np.testing.assert_allclose(outputs[i], call(layer, alone)[0], atol=1e-5)


@every_layer
@pytest.mark.dealt
def test_a_file_keeps_the_layer(name, rng, tmp_path):
    inputs, x = keras.Input((None, 5)), sequences(rng, time=4)
    model = keras.Model(inputs, LAYERS[name](return_sequences=True)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    np.testing.assert_array_equal(numpy(loaded(x)), numpy(model(x)))


@every_layer
def test_mixed_precision_computes_in_half_and_keeps_weights_whole(name, rng):
    layer, x = both(LAYERS[name], dtype="mixed_bfloat16"), sequences(rng, time=7)
    exact = with_the_weights_of(layer, both(LAYERS[name]))
    assert {w.dtype for w in layer.weights} == {"float32"}
    outputs = compiled(lambda x: layer(x)[0])(ops.convert_to_tensor(x))
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    outputs = numpy(ops.cast(outputs, "float32"))
    np.testing.assert_allclose(outputs, call(exact, x)[0], atol=0.05)


@pytest.mark.once
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DilatedLSTM(4, dilation=0), "dilation must be a positive integer, got 0"),
        (lambda: DilatedLSTM(4, dropout=0.1), r"DilatedLSTM has no dropout, got 0.1\. Use"),
        (lambda: DilatedLSTM(4, go_backwards=True), "DilatedLSTM has no go_backwards"),
        (lambda: SkipLSTM(0), "units must be a positive integer, got 0"),
        (lambda: SkipLSTM(4, budget=-1.0), "budget must be a number from 0 on, got -1.0"),
        (lambda: SkipLSTM(4, buget=1.0), "Unknown argument of SkipLSTM 'buget'. Did you mean 'bud"),
        (lambda: DRRLSTM(4, routes=0), "routes must be a positive integer, got 0"),
        (lambda: DRRLSTM(4, rank=0), "rank must be a positive integer or None, got 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
