"""When the heads access the memory: every k-th step, at random, once; and what rests in between."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences, stream, tensors, weight_gradients, with_the_weights_of

from keras_s4ntm.layers import DNC, NTM, S4DNTM
from keras_s4ntm.layers.memory.schedule import AccessSchedule

pytestmark = pytest.mark.dealt

SMALL = {"memory_size": 9, "memory_width": 4}
S4D_SMALL = {**SMALL, "units": 6, "state_dimension": 4}
LAYERS = {"NTM": (NTM, SMALL), "DNC": (DNC, SMALL), "S4DNTM": (S4DNTM, S4D_SMALL)}
INPUT = 5
# One access a sequence finds by content only what was there before.
ONCE = {
    "access_interval": "sequence",
    "memory_initializer": "random_normal",
    "learn_initial_memory": True,
}

each_network = pytest.mark.parametrize("name", LAYERS)


def make(name, **arguments):
    kind, sizes = LAYERS[name]
    return kind(**{**sizes, "units": 6, **arguments})


# The schedule


@pytest.mark.parametrize("interval", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("time", [1, 6, 7, 20])
def test_regular_accesses_are_every_kth_step(interval, time):
    expected = np.arange(1, time + 1) % interval == 0
    schedule = AccessSchedule(interval)
    steps, count = (numpy(x) for x in schedule.regular_steps(time))
    np.testing.assert_array_equal(steps[: count[-1]], np.flatnonzero(expected))
    assert len(steps) - count[-1] == (time % interval > 0)
    np.testing.assert_array_equal(count, np.cumsum(expected))
    if interval > 1:
        states, accessed = tensors([np.zeros((1, 1))]), []
        for _ in range(time):
            access_mask, states = schedule.next(states)
            accessed.append(bool(numpy(access_mask)))
        np.testing.assert_array_equal(accessed, expected)


@pytest.mark.parametrize("probability", [0.05, 1 / 3, 0.4, 0.7, 0.9, 0.97])
def test_inference_accesses_the_memory_at_the_rate_of_training(probability):
    schedule, time = AccessSchedule(probability=probability), 300
    steps, count = (numpy(x) for x in schedule.regular_steps(time))
    assert count[-1] == round(probability * time)
    np.testing.assert_array_equal(count, np.cumsum(np.isin(np.arange(time), steps[: count[-1]])))
    assert set(np.diff(steps)) <= {int(1 / probability), int(np.ceil(1 / probability))}
    states, accessed = tensors([np.zeros((1, 1))]), []
    for _ in range(time):
        access_mask, states = schedule.next(states)
        accessed.append(bool(numpy(access_mask)))
    np.testing.assert_array_equal(np.flatnonzero(accessed), steps[: count[-1]])


def test_random_accesses_have_the_rate_and_count_themselves():
    schedule = AccessSchedule(probability=0.3)
    assert (schedule.accesses, schedule.steps) == (3, 10)
    mask = numpy(schedule.random_mask(2, 5000))
    np.testing.assert_array_equal(mask[0], mask[1])
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert abs(mask.mean() - 0.3) < 0.03
    steps, count = (numpy(x) for x in schedule.random_steps(100))
    assert len(set(steps)) == len(steps) == 30
    np.testing.assert_array_equal(count, [np.sum(steps <= t) for t in range(100)])
    assert (numpy(schedule.random_steps(100)[0]) != steps).any()


# Every k-th time step


@pytest.mark.parametrize(
    ("name", "interval", "backwards"),
    [
        *(("S4DNTM", interval, backwards) for interval in (2, 3, 10) for backwards in (0, 1)),
        *((name, 3, backwards) for name in ("NTM", "DNC") for backwards in (0, 1)),
    ],
)
def test_the_sequence_with_accesses_in_between_equals_the_stream_that_skips(
    rng, name, interval, backwards
):
    x = sequences(rng, time=8)
    layer = make(
        name, access_interval=interval, go_backwards=bool(backwards), return_sequences=True
    )
    whole = numpy(layer(x))
    streamed = stream(layer, x[:, ::-1] if backwards else x)[0]
    np.testing.assert_allclose(streamed, whole, atol=1e-4)


@each_network
def test_reads_rest_between_two_accesses(rng, name):
    x = sequences(rng, time=9)
    layer = make(
        name,
        access_interval=3,
        output="reads",
        return_sequences=True,
        memory_initializer="random_normal",
    )
    reads = numpy(layer(x))
    assert (reads[:, :2] == 0).all()
    for t in range(2, 9):
        same = (reads[:, t] == reads[:, t - 1]).all()
        assert same == ((t + 1) % 3 != 0)


def test_an_accessed_step_sees_the_memory_as_if_the_others_had_not_been(rng):
    """Heads, memory and reads of interval 2 are those of a plain memory fed with every 2nd step."""
    x = sequences(rng, time=8)
    layer = make("S4DNTM", access_interval=2, output="reads", return_sequences=True)
    reads = numpy(layer(x))
    cell = layer.cell
    features = cell.controller.features(*tensors([x]))
    state = cell.access.get_initial_state(3)
    for t in range(1, 8, 2):
        state, _ = cell.access.step(cell.interface(features[:, t], tensors([x])[0][:, t]), state)
        np.testing.assert_allclose(numpy(state.reads), reads[:, t], atol=1e-6)


@pytest.mark.parametrize("interval", [1, 3])
def test_recent_reads_are_the_reads_of_this_step_then_those_of_the_step_before(rng, interval):
    x = sequences(rng, time=7)
    options = {"access_interval": interval, "return_sequences": True}
    layer = make("S4DNTM", **options, output="reads")
    reads = numpy(layer(x))
    output = numpy(with_the_weights_of(layer, make("S4DNTM", **options, output="recent-reads"))(x))
    np.testing.assert_allclose(output[..., :4], reads, atol=1e-6)
    np.testing.assert_allclose(output[:, 1:, 4:], reads[:, :-1], atol=1e-6)
    assert (output[:, 0, 4:] == 0).all()


@each_network
@pytest.mark.parametrize("options", [{"access_interval": 2}, {"access_probability": 0.5}], ids=str)
def test_masked_steps_do_not_count_towards_the_interval(rng, name, options):
    layer = make(name, return_state=True, **options)
    x = sequences(rng, batch=2, time=8)
    mask = np.array([[1, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 0, 1, 1, 1]]) > 0
    masked = numpy(layer(x, mask=tensors([mask])[0] > 0))
    for i in range(2):
        alone = numpy(layer(x[i : i + 1, mask[i]]))
        for a, b in zip(masked, alone, strict=True):
            np.testing.assert_allclose(a[i], b[0], atol=1e-5)


# At random


@each_network
def test_cached_access_is_random_in_training_and_regular_afterwards(rng, name):
    x = sequences(rng, time=20)
    cached = make(
        name,
        access_probability=0.25,
        output="reads",
        return_sequences=True,
        memory_initializer="random_normal",
    )
    np.testing.assert_array_equal(numpy(cached(x)), numpy(cached(x)))
    np.testing.assert_allclose(stream(cached, x)[0], numpy(cached(x)), atol=1e-4)

    def accesses(outputs):
        return (np.diff(outputs, axis=1, prepend=0) != 0).any(axis=(0, 2))

    np.testing.assert_array_equal(np.flatnonzero(accesses(numpy(cached(x)))), [3, 7, 11, 15, 19])
    patterns = {tuple(accesses(numpy(cached(x, training=True)))) for _ in range(4)}
    assert len(patterns) > 1


@each_network
def test_training_with_every_step_accessed_by_chance_equals_the_plain_network(rng, name):
    """An access at every step, drawn or not, is the same computation."""
    x = sequences(rng)
    plain = make(name, return_sequences=True)
    expected = numpy(plain(x))
    cached = make(name, return_sequences=True, access_probability=0.999999)
    with_the_weights_of(plain, cached)
    np.testing.assert_allclose(numpy(cached(x, training=True)), expected, atol=1e-6)
    np.testing.assert_allclose(numpy(cached(x)), expected, atol=1e-6)


# Once


def test_once_a_sequence_writes_and_reads_from_the_mean_features(rng):
    x = sequences(rng, time=7)
    layer = make("S4DNTM", **ONCE, return_sequences=True)
    outputs = numpy(layer(x))
    cell = layer.cell
    features = cell.controller.features(*tensors([x]))
    mean = keras.ops.mean(features, axis=1)
    interface = cell.interface(mean, *tensors([x.mean(1)]))
    state, _ = cell.access.step(interface, cell.access.get_initial_state(3))
    reads = numpy(state.reads)
    assert np.abs(reads).min() > 1e-4  # the published one reads 1e-6 everywhere
    np.testing.assert_allclose(outputs[..., :6], numpy(features), atol=1e-6)
    np.testing.assert_allclose(outputs[..., 6:], np.repeat(reads[:, None], 7, 1), atol=1e-5)
    last = with_the_weights_of(layer, make("S4DNTM", **ONCE))
    expected = np.concatenate([numpy(mean), reads], -1)
    np.testing.assert_allclose(numpy(last(x)), expected, atol=1e-5)


def test_once_a_sequence_ignores_padding(rng):
    x = sequences(rng, time=8)
    layer = make("S4DNTM", **ONCE)
    mask = tensors([np.arange(8)[None] < np.full((3, 1), 5)])[0] > 0
    np.testing.assert_allclose(numpy(layer(x, mask=mask)), numpy(layer(x[:, :5])), atol=1e-5)


def test_a_network_that_needs_the_whole_sequence_says_so(rng):
    layer = make("S4DNTM", access_interval="sequence", return_state=True)
    with pytest.raises(ValueError, match="no states to give"):
        layer(sequences(rng))
    with pytest.raises(ValueError, match="cannot run step by step"):
        layer.get_initial_state(2)


# All of them

MODES = [
    {},
    {"access_interval": 3},
    ONCE,
    {"access_probability": 0.5},
    {"read_feedback": True},
    {"read_feedback": True, "head_inputs": "state"},
    {"read_feedback": True, "access_interval": 2},
]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_every_number_of_every_head_gets_a_gradient_in_every_access_mode(rng, mode):
    x = sequences(rng, time=12)
    layer = S4DNTM(**S4D_SMALL, **mode)
    layer.build(x.shape)
    target = tensors([rng.normal(size=(3, layer.cell.output_size))])[0]

    def loss():
        return keras.ops.sum((layer(x, training=True) - target) ** 2)

    for path, gradient in weight_gradients(layer, loss).items():
        assert np.isfinite(gradient).all(), path
        assert (gradient != 0).any(), path
        if "head" in path or "direct" in path:  # each number of each head, not only some
            assert (gradient != 0).reshape(-1, gradient.shape[-1]).any(axis=0).all(), path


@pytest.mark.parametrize("mode", [MODES[2], MODES[3], MODES[5]], ids=str)
def test_access_modes_survive_a_round_trip_through_a_keras_file(rng, tmp_path, mode):
    x = sequences(rng, time=7)
    inputs = keras.Input((None, INPUT))
    model = keras.Model(inputs, S4DNTM(**S4D_SMALL, **mode)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


@each_network
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"access_interval": 0}, "access_interval must be a positive integer or 'sequence', got 0"),
        ({"access_interval": "often"}, "access_interval must be a positive integer or 'sequence'"),
        ({"access_probability": 0.0}, r"access_probability must be in \(0, 1\], got 0.0"),
        ({"access_probability": 1.5}, r"access_probability must be in \(0, 1\], got 1.5"),
        ({"access_probability": 0.5, "access_interval": 2}, "give one of them"),
    ],
    ids=str,
)
def test_schedules_that_cannot_be_meant_are_refused_in_one_sentence(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(name, **arguments)


@pytest.mark.parametrize(
    ("name", "arguments"), [("NTM", {}), ("DNC", {}), ("S4DNTM", {"read_feedback": True})], ids=str
)
def test_one_access_a_sequence_is_refused_where_the_controller_sees_the_read_vectors(
    name, arguments
):
    with pytest.raises(ValueError, match="S4D without read_feedback"):
        make(name, access_interval="sequence", **arguments)
