"""What every memory network does as a drop-in for `keras.layers.LSTM`."""

from functools import partial

import keras
import numpy as np
import pytest
from helpers import (
    numpy,
    sequences,
    stream,
    tensors,
    trace,
    weight_gradients,
    with_the_weights_of,
)
from keras import ops

from keras_s4ntm.layers import DNC, NTM, S4DNTM, DNCCell, NTMCell, S4DNTMCell
from keras_s4ntm.layers.memory import loop

SLOTS = 7
SMALL = {"units": 6, "memory_size": SLOTS, "memory_width": 4, "memory_initializer": 0.5}
LAYERS = {
    "NTM": (partial(NTM, **SMALL), partial(NTMCell, **SMALL)),
    "S4DNTM": (
        partial(S4DNTM, **SMALL, state_dimension=4),
        partial(S4DNTMCell, **SMALL, state_dimension=4),
    ),
    "DNC": (partial(DNC, **SMALL), partial(DNCCell, **SMALL)),
}
ATOL = {"NTM": 1e-6, "S4DNTM": 1e-5, "DNC": 1e-6}  # S4DNTM convolves whole sequences by FFT
INPUT, OUTPUT = 5, 6 + 4

pytestmark = [pytest.mark.dealt, pytest.mark.parametrize("name", LAYERS)]


def test_initial_state_continues_a_sequence(rng, name):
    x = sequences(rng, time=8)
    layer = LAYERS[name][0](return_sequences=True, return_state=True)
    whole, *_ = layer(x)
    _, *states = layer(x[:, :5])
    rest, *_ = layer(x[:, 5:], initial_state=states)
    np.testing.assert_allclose(numpy(rest), numpy(whole[:, 5:]), atol=ATOL[name])


def test_streaming_one_step_at_a_time_equals_the_whole_sequence(rng, name):
    x = sequences(rng)
    layer = LAYERS[name][0](return_sequences=True)
    whole = numpy(layer(x))
    np.testing.assert_allclose(stream(layer, x)[0], whole, atol=ATOL[name])


@pytest.mark.parametrize("batch", [3, SLOTS])
def test_masked_steps_leave_every_state_unchanged(rng, name, batch):
    x = sequences(rng, batch)
    counts = np.resize([3, 5], batch)  # of the steps that are not masked
    mask = rng.permuted(np.arange(6) < counts[:, None], axis=1)
    layer = LAYERS[name][0](return_state=True)
    masked = numpy(layer(x, mask=tensors([mask])[0] > 0))
    for count in (3, 5):
        those = counts == count
        without = numpy(layer(x[those][mask[those]].reshape(-1, count, INPUT)))
        for a, b in zip(masked, without, strict=True):
            np.testing.assert_allclose(a[those], b, atol=ATOL[name])


@pytest.mark.parametrize("zero", [False, True])
def test_output_of_a_masked_step_is_the_one_before_or_zero(rng, name, zero):
    x = sequences(rng)
    mask = np.array([[0, 1, 1, 0, 0, 1]] * 3) > 0
    layer = LAYERS[name][0](return_sequences=True, zero_output_for_mask=zero)
    outputs = numpy(layer(x, mask=tensors([mask])[0] > 0))
    np.testing.assert_allclose(outputs[:, mask[0]], numpy(layer(x[:, mask[0]])), atol=ATOL[name])
    assert (outputs[:, 0] == 0).all()
    assert (outputs[:, 3:5] == (0 if zero else outputs[:, 2:3])).all()


def test_go_backwards_reads_the_sequence_from_its_end(rng, name):
    x = sequences(rng)
    layer = LAYERS[name][0](return_sequences=True)
    expected = numpy(layer(x[:, ::-1].copy()))
    backwards = with_the_weights_of(
        layer, LAYERS[name][0](return_sequences=True, go_backwards=True)
    )
    np.testing.assert_allclose(numpy(backwards(x)), expected, atol=1e-6)


def test_unrolled_equals_the_loop(rng, name):
    x = sequences(rng)
    layer = LAYERS[name][0](return_sequences=True)
    expected = numpy(layer(x))
    unrolled = with_the_weights_of(layer, LAYERS[name][0](return_sequences=True, unroll=True))
    np.testing.assert_allclose(numpy(unrolled(x)), expected, atol=1e-6)


def test_unknown_lengths_of_segments_are_refused(name):
    for length in (0, 2.5, "long"):
        with pytest.raises(ValueError, match="segment_length"):
            LAYERS[name][0](segment_length=length)


@pytest.mark.parametrize(
    ("masked", "every_step"), [(False, True), (True, False)], ids=["sequences", "masked-last"]
)
def test_recomputed_segments_change_neither_outputs_nor_gradients(rng, name, masked, every_step):
    """8 steps are two segments of 3 and a rest of 2."""
    x = tensors([sequences(rng, time=8)])[0]
    mask = tensors([rng.random((3, 8)) < 0.7])[0] > 0 if masked else None
    layer_of = partial(LAYERS[name][0], return_sequences=every_step)
    plain = layer_of(segment_length=None)
    expected = numpy(plain(x, mask=mask))
    segmented = with_the_weights_of(plain, layer_of(segment_length=3))
    np.testing.assert_allclose(numpy(segmented(x, mask=mask)), expected, atol=1e-6)
    gradients, expected = (
        weight_gradients(layer, lambda layer=layer: ops.sum(ops.sin(layer(x, mask=mask))))
        for layer in (segmented, plain)
    )
    for a, b in zip(gradients.values(), expected.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5)
        assert np.abs(b).max() > 0


def test_long_sequences_run_in_segments_by_themselves(rng, name, monkeypatch):
    lengths = []
    run_segments = loop.run_segments

    def note(*args, **kwargs):
        lengths.append(args[7])
        return run_segments(*args, **kwargs)

    monkeypatch.setattr(loop, "run_segments", note)
    layer = LAYERS[name][0]()
    layer.build((3, None, INPUT))
    trace(layer, *tensors([sequences(rng, time=255)]))
    assert lengths == []
    trace(layer, *tensors([sequences(rng, time=256)]))
    assert lengths == [16]


def test_stateful_continues_and_reset_returns_to_the_initial_state(rng, name):
    x = sequences(rng, time=8)
    whole = LAYERS[name][0]()
    expected = numpy(whole(x))
    layer = with_the_weights_of(whole, LAYERS[name][0](stateful=True))
    for _ in range(2):
        layer.reset_state()
        for state, initial in zip(layer.states, layer.get_initial_state(3), strict=True):
            np.testing.assert_array_equal(numpy(state.value), numpy(initial))
        layer(x[:, :4])
        np.testing.assert_allclose(numpy(layer(x[:, 4:])), expected, atol=ATOL[name])


def test_one_model_takes_any_batch_size_and_length(rng, name):
    inputs = keras.Input((None, INPUT))
    model = keras.Model(inputs, LAYERS[name][0](return_sequences=True)(inputs))
    assert model.output_shape == (None, None, OUTPUT)
    for batch, time in ((1, 5), (4, 9)):
        outputs = model.predict(sequences(rng, batch, time), verbose=0)
        assert outputs.shape == (batch, time, OUTPUT)


@pytest.mark.parametrize("output", ["reads", "recent-reads"])
def test_reads_are_the_end_of_all_and_recent_reads_are_those_of_this_step_then_the_one_before(
    rng, name, output
):
    x = sequences(rng)
    everything = LAYERS[name][0](return_sequences=True)
    _, reads = np.split(numpy(everything(x)), [6], axis=-1)
    before = np.pad(reads[:, :-1], [(0, 0), (1, 0), (0, 0)])
    parts = {"reads": [reads], "recent-reads": [reads, before]}
    layer = with_the_weights_of(everything, LAYERS[name][0](return_sequences=True, output=output))
    expected = np.concatenate(parts[output], axis=-1)
    assert layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-6)


def test_the_cell_works_in_a_plain_keras_rnn(rng, name):
    x = sequences(rng)
    layer_of, cell_of = LAYERS[name]
    layer = layer_of()
    expected = numpy(layer(x))
    rnn = with_the_weights_of(layer, keras.layers.RNN(cell_of()))
    np.testing.assert_allclose(numpy(rnn(x)), expected, atol=ATOL[name])


def test_a_mask_works_where_the_length_is_unknown(rng, name):
    x = sequences(rng)
    x[:, 4:] = 0
    inputs = keras.Input((None, INPUT))
    layer = LAYERS[name][0]()
    model = keras.Model(inputs, layer(keras.layers.Masking()(inputs)))
    expected = numpy(layer(x[:, :4]))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=ATOL[name])


@pytest.mark.parametrize("wrapper", ["bidirectional", "time distributed"])
def test_works_inside_keras_wrappers(rng, name, wrapper):
    x = sequences(rng)
    if wrapper == "bidirectional":
        layer = keras.layers.Bidirectional(LAYERS[name][0](return_sequences=True))
        assert layer(x).shape == (3, 6, 2 * OUTPUT)
    else:
        layer = keras.layers.TimeDistributed(LAYERS[name][0]())
        assert layer(np.stack([x, x], 1)).shape == (3, 2, OUTPUT)
