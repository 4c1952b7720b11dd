"""When the heads touch the memory: every k-th step, at random, once; and what rests in between."""

from functools import partial

import keras
import numpy as np
import pytest
from helpers import numpy, stream, tensors, weight_gradients

from keras_s4ntm.layers import NTM, S4DNTM
from keras_s4ntm.layers.schedule import AccessSchedule

SMALL = {"memory_size": 9, "memory_width": 4}
S4D_SMALL = {**SMALL, "units": 6, "state_dimension": 4}
INPUT = 5


def random_inputs(rng, batch=3, time=7):
    return rng.normal(size=(batch, time, INPUT)).astype("float32")


@pytest.mark.parametrize("interval", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("time", [1, 6, 7, 20])
def test_regular_touches_are_every_kth_step(interval, time):
    expected = np.arange(1, time + 1) % interval == 0
    schedule = AccessSchedule(interval)
    steps, count = (numpy(x) for x in schedule.regular(time))
    np.testing.assert_array_equal(steps[: count[-1]], np.flatnonzero(expected))
    assert len(steps) - count[-1] == (time % interval > 0)
    np.testing.assert_array_equal(count, np.cumsum(expected))
    if interval > 1:
        states, touched = tensors([np.zeros((1, 1))]), []
        for _ in range(time):
            touch, states = schedule.due(states)
            touched.append(bool(numpy(touch)))
        np.testing.assert_array_equal(touched, expected)


def test_random_touches_have_the_rate_and_count_themselves():
    schedule = AccessSchedule(probability=0.3)
    assert schedule.interval == 3
    drawn = numpy(schedule.draw(2, 5000))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert abs(drawn.mean() - 0.3) < 0.03
    steps, count = (numpy(x) for x in schedule.drawn(100))
    assert len(set(steps)) == len(steps) == 30
    np.testing.assert_array_equal(count, [np.sum(steps <= t) for t in range(100)])
    assert (numpy(schedule.drawn(100)[0]) != steps).any()


@pytest.mark.parametrize("interval", [2, 3, 10])
@pytest.mark.parametrize("more", [{}, {"output": "all", "go_backwards": True}], ids=str)
def test_the_loop_over_touched_steps_equals_the_stream_that_skips(rng, interval, more):
    x = random_inputs(rng, time=8)
    layer = S4DNTM(**S4D_SMALL, **more, access_interval=interval, return_sequences=True)
    whole = numpy(layer(x))
    streamed = stream(layer, x[:, ::-1] if more else x)[0]
    np.testing.assert_allclose(streamed, whole, atol=1e-4)


def test_reads_rest_between_two_touches(rng):
    x = random_inputs(rng, time=9)
    reads = numpy(S4DNTM(**S4D_SMALL, access_interval=3, return_sequences=True)(x))
    assert (reads[:, :2] == 0).all()
    for t in range(2, 9):
        same = (reads[:, t] == reads[:, t - 1]).all()
        assert same == ((t + 1) % 3 != 0)


def test_a_touched_step_sees_the_memory_as_if_the_others_had_not_been(rng):
    """Heads, memory and reads of interval 2 are those of a plain memory fed with every 2nd step."""
    x = random_inputs(rng, time=8)
    layer = S4DNTM(**S4D_SMALL, access_interval=2, return_sequences=True)
    reads = numpy(layer(x))
    cell = layer.cell
    features = cell.features(*tensors([x]))
    states = cell.access.get_initial_state(3)
    for t in range(1, 8, 2):
        states = cell.access.step(cell.project(features[:, t], tensors([x])[0][:, t]), states)
        np.testing.assert_allclose(numpy(states[-1]), reads[:, t], atol=1e-6)


@pytest.mark.parametrize("make", ["interval", "ntm"])
def test_masked_steps_do_not_count_towards_the_interval(rng, make):
    options = {"return_state": True}
    layer = {
        "interval": lambda: S4DNTM(**S4D_SMALL, **options, access_interval=2),
        "ntm": lambda: NTM(6, **SMALL, **options, access_probability=0.5),
    }[make]()
    x = random_inputs(rng, batch=2, time=8)
    mask = np.array([[1, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 0, 1, 1, 1]]) > 0
    masked = numpy(layer(x, mask=tensors([mask])[0] > 0))
    for i in range(2):
        alone = numpy(layer(x[i : i + 1, mask[i]]))
        for a, b in zip(masked, alone, strict=True):
            np.testing.assert_allclose(a[i], b[0], atol=1e-5)


@pytest.mark.parametrize(
    "kind", [NTM, S4DNTM, partial(S4DNTM, read_feedback=True)], ids=["NTM", "S4DNTM", "feedback"]
)
def test_head_noise_is_drawn_anew_in_training_and_absent_otherwise(rng, kind):
    x = random_inputs(rng)
    noisy = kind(**{**SMALL, "units": 6}, head_noise=0.5, return_sequences=True)
    plain = kind(**{**SMALL, "units": 6}, return_sequences=True)
    noisy.build(x.shape)
    plain.build(x.shape)
    for own, other in zip(plain.weights, noisy.weights, strict=True):
        own.assign(other)
    np.testing.assert_allclose(numpy(noisy(x)), numpy(plain(x)), atol=1e-6)
    first, second = (numpy(noisy(x, training=True)) for _ in range(2))
    assert (first != second).all()
    noise = numpy(noisy.cell.access.draw_noise(50, 40))
    assert abs(noise.std() - 0.5) < 0.01


@pytest.mark.parametrize("kind", [NTM, S4DNTM])
def test_cached_access_is_random_in_training_and_regular_afterwards(rng, kind):
    sizes = {**SMALL, "units": 6}
    x = random_inputs(rng, time=20)
    cached = kind(**sizes, access_probability=0.25, return_sequences=True)
    np.testing.assert_array_equal(numpy(cached(x)), numpy(cached(x)))
    np.testing.assert_allclose(stream(cached, x)[0], numpy(cached(x)), atol=1e-4)

    def touches(outputs):
        return (np.diff(outputs, axis=1, prepend=0) != 0).any(axis=(0, 2))

    np.testing.assert_array_equal(np.flatnonzero(touches(numpy(cached(x)))), [3, 7, 11, 15, 19])
    patterns = {tuple(touches(numpy(cached(x, training=True)))) for _ in range(4)}
    assert len(patterns) > 1


def test_training_with_every_step_touched_by_chance_equals_the_plain_network(rng):
    """A touch at every step, drawn or not, is the same computation."""
    x = random_inputs(rng)
    plain = NTM(6, **SMALL, return_sequences=True)
    expected = numpy(plain(x))
    cached = NTM(6, **SMALL, return_sequences=True, access_probability=0.999999)
    cached.build(x.shape)
    cached.set_weights(plain.get_weights())
    np.testing.assert_allclose(numpy(cached(x, training=True)), expected, atol=1e-6)
    np.testing.assert_allclose(numpy(cached(x)), expected, atol=1e-6)


def test_once_a_sequence_writes_and_reads_from_the_mean_features(rng):
    x = random_inputs(rng)
    layer = S4DNTM(**S4D_SMALL, access_interval="sequence", output="all", return_sequences=True)
    outputs = numpy(layer(x))
    cell = layer.cell
    features = cell.features(*tensors([x]))
    mean = keras.ops.mean(features, axis=1)
    projection = cell.project(mean, *tensors([x.mean(1)]))
    reads = numpy(cell.access.step(projection, cell.access.get_initial_state(3))[-1])
    assert np.abs(reads).min() > 1e-4  # the published one reads 1e-6 everywhere
    np.testing.assert_allclose(outputs[..., :6], numpy(features), atol=1e-6)
    np.testing.assert_allclose(outputs[..., 6:], np.repeat(reads[:, None], 7, 1), atol=1e-5)
    last = S4DNTM(**S4D_SMALL, access_interval="sequence", output="all")
    last.build(x.shape)
    last.set_weights(layer.get_weights())
    expected = np.concatenate([numpy(mean), reads], -1)
    np.testing.assert_allclose(numpy(last(x)), expected, atol=1e-5)


def test_once_a_sequence_ignores_padding(rng):
    x = random_inputs(rng, time=8)
    layer = S4DNTM(**S4D_SMALL, access_interval="sequence")
    mask = tensors([np.arange(8)[None] < np.full((3, 1), 5)])[0] > 0
    np.testing.assert_allclose(numpy(layer(x, mask=mask)), numpy(layer(x[:, :5])), atol=1e-5)


FEEDBACK = [{"head_inputs": "features"}, {"head_inputs": "state", "blocks": 2}]


@pytest.mark.parametrize("options", FEEDBACK, ids=str)
def test_read_feedback_enters_the_state_space_of_the_next_step(rng, options):
    x = random_inputs(rng)
    layer = S4DNTM(**S4D_SMALL, **options, read_feedback=True, return_sequences=True)
    whole = numpy(layer(x))
    np.testing.assert_allclose(stream(layer, x)[0], whole, atol=1e-5)
    layer.cell.feedback_kernel.assign(layer.cell.feedback_kernel * 3)
    changed = numpy(layer(x))
    np.testing.assert_allclose(changed[:, 0], whole[:, 0], atol=1e-7)  # nothing read before
    assert (changed[:, 1:] != whole[:, 1:]).any(axis=-1).all()


def test_heads_are_driven_by_magnitude_and_phase_of_the_state(rng):
    """Against a transcription: a state of known polar form gives the same head numbers."""
    from keras_s4ntm.layers.s4d_ntm import polar

    z = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    z[0, 0] = 0
    expected = np.concatenate([np.abs(z), np.angle(z)], -1)
    np.testing.assert_allclose(numpy(polar(*tensors([z.real, z.imag]))), expected, atol=1e-6)


MODES = [
    {},
    {"access_interval": 3},
    {"access_interval": "sequence"},
    {"access_probability": 0.5},
    {"read_feedback": True},
    {"read_feedback": True, "head_inputs": "state"},
    {"read_feedback": True, "access_interval": 2},
]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_every_head_parameter_gets_a_gradient_in_every_access_mode(rng, mode):
    x, target = random_inputs(rng, time=12), rng.normal(size=(3, 10))
    layer = S4DNTM(**S4D_SMALL, **mode, output="all")
    layer.build(x.shape)
    target = tensors([target])[0]

    def loss():
        return keras.ops.sum((layer(x, training=True) - target) ** 2)

    for path, gradient in weight_gradients(layer, loss).items():
        assert np.isfinite(gradient).all(), path
        assert (gradient != 0).any(), path
        if "head" in path:  # each number of each head, not only some
            assert (gradient != 0).reshape(-1, gradient.shape[-1]).any(axis=0).all(), path


@pytest.mark.parametrize("mode", [MODES[2], MODES[3], MODES[5]], ids=str)
def test_access_modes_survive_a_round_trip_through_a_keras_file(rng, tmp_path, mode):
    x = random_inputs(rng)
    inputs = keras.Input((None, INPUT))
    model = keras.Model(inputs, S4DNTM(**S4D_SMALL, **mode)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"access_interval": 0}, "access_interval must be a positive integer or 'sequence', got 0"),
        ({"access_interval": "often"}, "access_interval must be a positive integer or 'sequence'"),
        ({"access_probability": 0.0}, r"access_probability must be in \(0, 1\], got 0.0"),
        ({"access_probability": 1.5}, r"access_probability must be in \(0, 1\], got 1.5"),
        ({"access_probability": 0.5, "access_interval": 2}, "give one of them"),
        ({"head_inputs": "state"}, "head_inputs='state' needs read_feedback=True"),
        ({"head_inputs": "phase"}, "head_inputs must be one of"),
        ({"access_interval": "sequence", "read_feedback": True}, "leave out read_feedback"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        S4DNTM(**{**S4D_SMALL, **arguments})


def test_a_network_that_needs_the_whole_sequence_says_so(rng):
    layer = S4DNTM(**S4D_SMALL, access_interval="sequence", return_state=True)
    with pytest.raises(ValueError, match="no states to give"):
        layer(random_inputs(rng))
    with pytest.raises(ValueError, match="cannot run step by step"):
        layer.get_initial_state(2)
