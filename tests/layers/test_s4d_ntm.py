"""The S4D-NTM as a whole: one network in two forms, a live memory, a drop-in for `LSTM`."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences, stream, weight_gradients, with_the_weights_of

from keras_s4ntm.layers import S4DNTM

pytestmark = pytest.mark.dealt

SMALL = {"units": 6, "state_dimension": 4, "memory_size": 9, "memory_width": 4}
INPUT = 5
OPTIONS = [
    {"output": "all"},
    {"output": "recent-reads"},
    {"output": "reads", "blocks": 2, "read_heads": 2, "write_heads": 2},
    {"output": "reads", "order": "read-first", "learn_initial_memory": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_streaming_with_recurrent_s4d_equals_the_whole_sequence_by_fft(rng, options):
    x = sequences(rng, time=30)
    layer = S4DNTM(**SMALL, **options, return_sequences=True)
    whole = numpy(layer(x))
    np.testing.assert_allclose(stream(layer, x)[0], whole, atol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_states_continue_a_sequence(rng, options):
    x = sequences(rng, time=8)
    whole = S4DNTM(**SMALL, **options, return_sequences=True)
    expected = numpy(whole(x))
    parts = S4DNTM(**SMALL, **options, return_sequences=True, return_state=True)
    with_the_weights_of(whole, parts)
    first, *states = parts(x[:, :5])
    rest, *_ = parts(x[:, 5:], initial_state=states)
    joined = np.concatenate([numpy(first), numpy(rest)], 1)
    np.testing.assert_allclose(joined, expected, atol=1e-4)


def test_last_output_is_that_of_the_last_step(rng):
    x = sequences(rng, time=7)
    layer = S4DNTM(**SMALL)
    last = numpy(layer(x))
    every_step = with_the_weights_of(layer, S4DNTM(**SMALL, return_sequences=True))
    np.testing.assert_allclose(last, numpy(every_step(x))[:, -1], atol=1e-5)


@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[3]], ids=str)
def test_the_memory_is_alive_every_weight_gets_a_gradient(rng, options):
    x = sequences(rng, time=7)
    layer = S4DNTM(**SMALL, **options)
    layer.build(x.shape)
    for path, gradient in weight_gradients(layer, lambda: keras.ops.sum(layer(x) ** 2)).items():
        assert (gradient != 0).any(), path


def test_survives_a_round_trip_through_a_keras_file(rng, tmp_path):
    inputs = keras.Input((None, INPUT))
    model = keras.Model(inputs, S4DNTM(**SMALL, blocks=2)(inputs))
    x = sequences(rng, time=7)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


def test_mixed_precision_trains_and_stays_near_float32(rng):
    x = sequences(rng, time=7)
    layer = S4DNTM(**SMALL, return_sequences=True)
    expected = numpy(layer(x))
    mixed = S4DNTM(**SMALL, return_sequences=True, dtype="mixed_bfloat16")
    with_the_weights_of(layer, mixed)
    np.testing.assert_allclose(numpy(mixed(x)).astype("float32"), expected, atol=0.05)
    keras.config.set_dtype_policy("mixed_bfloat16")
    inputs = keras.Input((None, INPUT))
    model = keras.Model(inputs, keras.layers.Dense(2)(S4DNTM(**SMALL)(inputs)))
    model.compile("adam", "mse", jit_compile=keras.backend.backend() != "torch")
    losses = model.fit(x, np.ones((3, 2)), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be a positive integer"),
        ({"blocks": 0}, "blocks must be a positive integer"),
        ({"memory_size": 0}, "memory_size must be a positive integer"),
        ({"shift_range": 5}, "shift_range of at most 4"),
        ({"output": "none"}, "output must be one of"),
        ({"head_inputs": "state"}, "head_inputs='state' needs read_feedback=True"),
        ({"head_inputs": "phase"}, "head_inputs must be one of"),
        ({"access_interval": "sequence", "read_feedback": True}, "S4D without read_feedback"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        S4DNTM(**{**SMALL, **arguments})


@pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="the draws are enough on one backend"
)
@pytest.mark.parametrize(
    ("read_feedback", "bound"),
    [(False, 1e3), pytest.param(True, 1e6, marks=pytest.mark.slow)],
)
def test_gradients_of_an_untrained_network_at_800_steps_stay_below(rng, read_feedback, bound):
    x = rng.integers(0, 2, (2, 800, INPUT)).astype("float32")
    sizes = {"units": 32, "memory_size": 32, "memory_width": 8}
    for seed in range(6):
        keras.utils.set_random_seed(seed)
        layer = S4DNTM(**sizes, read_feedback=read_feedback, segment_length=None)
        layer.build(x.shape)
        gradients = weight_gradients(layer, lambda layer=layer: keras.ops.mean(layer(x) ** 2))
        norm = np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients.values()))
        assert 0.1 < norm < bound, seed
