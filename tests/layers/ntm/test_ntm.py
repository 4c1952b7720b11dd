"""The NTM as a whole: against NumPy, by hand, and as a drop-in for `keras.layers.LSTM`."""

import keras
import numpy as np
import oracle
import pytest
from helpers import (
    numpy,
    run_on,
    sequences,
    weight_gradients,
    with_the_weights_of,
)

from keras_s4ntm.layers import NTM
from keras_s4ntm.tasks import Copy

pytestmark = pytest.mark.dealt

SMALL = {"units": 12, "memory_size": 9, "memory_width": 4}
INPUT = 5


def named_weights(layer):
    """Weights by the last part of their path that is unique; heads keep their head's name."""
    names = {}
    for weight in layer.weights:
        *_, parent, name = weight.path.split("/")
        key = f"{parent}/{name}" if parent.endswith("_head") else name
        names[key] = numpy(weight.value).astype("float64")
    return names


# The equations


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"controller": "feedforward"},
        {"order": "read-first"},
        {"output": "reads"},
        {"output": "recent-reads"},
        {"read_heads": 2, "write_heads": 3, "shift_range": 2},
        {"read_heads": 2, "initial_read_weights": "uniform"},
        {"units": [7, 12]},
        {"units": [7, 12], "controller": "feedforward"},
        {"memory_initializer": "glorot_uniform"},
        {"direct_inputs": True},
    ],
    ids=str,
)
def test_layer_equals_the_numpy_transcription_over_40_steps(rng, options):
    layer = NTM(**{**SMALL, **options}, return_sequences=True)
    x = sequences(rng, time=40)
    layer.build(x.shape)
    for weight in layer.trainable_weights:  # to where training might take them
        weight.assign(numpy(weight.value) + 0.3 * rng.normal(size=weight.shape))
    outputs = numpy(layer(x))
    expected = oracle.ntm(x.astype("float64"), named_weights(layer), layer.get_config())
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def copying_ntm(slots, bits=8):
    """An NTM whose weights are set by hand so that it copies.

    The controller passes on the bits, the start and the end marker, and latches the end marker.
    The write head steps on at every step but the first, and adds the bits it sees; the read head
    waits on slot 0 and steps on at every step after the end marker.
    """
    layer = NTM(
        bits + 3, memory_size=slots, memory_width=bits, output="reads", return_sequences=True
    )
    layer.build((None, None, bits + 2))
    start, end, latch = bits, bits + 1, bits + 2
    units, high = bits + 3, 100.0
    on = np.tanh(1.0)  # the output of a unit of the controller that is on

    kernel = np.zeros((bits + 2, 4, units))  # gates: input, forget, candidate, output
    kernel[range(bits + 2), 2, range(bits + 2)] = high
    kernel[end, 2, latch] = high
    bias = np.zeros((4, units))
    bias[0], bias[1], bias[3] = high, -high, high
    bias[1, latch] = high

    size = bits + 6
    write_kernel, write_bias = np.zeros((units, size + 2 * bits)), np.zeros(size + 2 * bits)
    read_kernel, read_bias = np.zeros((units, size)), np.zeros(size)
    write_bias[bits + 1] = read_bias[bits + 1] = -high  # the interpolation gate is closed
    stay, step = bits + 4, bits + 5
    write_bias[step], write_kernel[start, stay] = high, 2 * high / on
    read_bias[stay], read_kernel[latch, step] = high, 2 * high / on
    read_kernel[end, stay] = 2 * high / on
    write_bias[size : size + bits] = -high  # nothing is erased
    write_kernel[range(bits), size + bits + np.arange(bits)] = high

    values = {
        "input_kernel": kernel.reshape(bits + 2, -1),
        "recurrent_kernel_0": 0.0,
        "bias_0": bias.reshape(-1),
        "write_head/kernel": write_kernel,
        "write_head/bias": write_bias,
        "read_head/kernel": read_kernel,
        "read_head/bias": read_bias,
    }
    for weight in layer.trainable_weights:
        *_, parent, name = weight.path.split("/")
        value = values[f"{parent}/{name}" if parent.endswith("_head") else name]
        weight.assign(np.broadcast_to(value, weight.shape))
    return layer


@pytest.mark.parametrize("length", [1, 2, 7, 15, 16])
def test_hand_built_network_copies_without_error_up_to_the_size_of_the_memory(rng, length):
    layer = copying_ntm(slots=16)
    batch = Copy(min_length=length, max_length=length).sample(rng, 8)
    outputs = numpy(layer(batch.inputs))
    scored = batch.mask.astype(bool)
    np.testing.assert_allclose(outputs[scored], batch.targets[scored], atol=1e-5)


# A drop-in for LSTM


def test_output_and_state_shapes_are_those_of_an_rnn(rng):
    x = sequences(rng)
    assert NTM(**SMALL, output="reads")(x).shape == (3, 4)
    assert NTM(**SMALL)(x).shape == (3, 16)
    outputs, *states = NTM(**SMALL, output="reads", return_sequences=True, return_state=True)(x)
    assert outputs.shape == (3, 6, 4)
    assert [tuple(s.shape) for s in states] == [(3, n) for n in (4, 12, 12, 36, 18, 4)]
    np.testing.assert_array_equal(numpy(outputs[:, -1]), numpy(states[0]))


def fitted_model(rng, **options):
    """A small model after three steps of training, and inputs."""
    inputs = keras.Input((None, INPUT))
    hidden = keras.layers.Masking()(inputs)
    outputs = keras.layers.Dense(2)(NTM(**{**SMALL, **options})(hidden))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mse", jit_compile=keras.backend.backend() != "torch")
    x = sequences(rng)
    x[0, 4:] = 0
    losses = model.fit(x, np.ones((3, 2)), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    return model, x


OPTIONS = [
    {"controller": "feedforward", "units": [6, 7], "order": "read-first"},
    {"controller": "gru", "output": "reads"},
    {"learn_initial_memory": True, "memory_initializer": "glorot_uniform", "output": "reads"},
    {"controller": "stacked", "output": "reads"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_trains_and_survives_a_round_trip_through_a_keras_file(rng, tmp_path, options):
    cells = {
        "gru": lambda: keras.layers.GRUCell(6),
        "stacked": lambda: keras.layers.StackedRNNCells(
            [keras.layers.LSTMCell(5), keras.layers.GRUCell(6)]
        ),
    }
    controller = options.get("controller")
    built = {**options, "controller": cells[controller]()} if controller in cells else options
    model, x = fitted_model(rng, **built)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), atol=1e-6)


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_a_trained_file_gives_the_same_outputs_on_another_backend(rng, tmp_path, backend):
    if backend == keras.backend.backend():
        pytest.skip("is no other backend")
    model, x = fitted_model(rng)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "inputs.npy", x)
    expected = model.predict(x, verbose=0)
    script = (
        "import keras, numpy as np; from keras_s4ntm.layers import S4D; "  # one imports them all
        "model = keras.models.load_model('model.keras', compile=False); "
        "np.save('outputs.npy', model.predict(np.load('inputs.npy'), verbose=0))"
    )
    run_on(backend, script, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), expected, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_stays_near_float32(rng, policy):
    x = sequences(rng)
    layer = NTM(**SMALL, return_sequences=True)
    expected = numpy(layer(x))
    mixed = with_the_weights_of(layer, NTM(**SMALL, return_sequences=True, dtype=policy))
    outputs = mixed(x)
    assert keras.backend.standardize_dtype(outputs.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_allclose(numpy(outputs).astype("float32"), expected, atol=0.05)

    keras.config.set_dtype_policy(policy)
    fitted_model(rng)


def test_every_weight_gets_a_gradient(rng):
    x = sequences(rng)
    layer = NTM(**SMALL, learn_initial_memory=True)
    layer.build(x.shape)
    for path, gradient in weight_gradients(layer, lambda: keras.ops.sum(layer(x) ** 2)).items():
        assert (gradient != 0).any(), path


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory_size": 0}, "memory_size must be a positive integer, got 0"),
        ({"memory_width": -1}, "memory_width must be a positive integer"),
        ({"memory_size": 2.5}, "memory_size must be a positive integer, got 2.5"),
        ({"units": []}, "units must be"),
        ({"units": 0}, "units must be a positive integer, got 0"),
        ({"read_heads": 0}, "read_heads must be a positive integer, got 0"),
        ({"write_heads": 0}, "write_heads must be a positive integer, got 0"),
        ({"shift_range": 5}, "shift_range of at most 4"),
        ({"order": "sideways"}, "order must be one of 'write-first', 'read-first'"),
        ({"output": "none"}, "output must be one of 'all', 'reads', 'recent-reads'"),
        ({"head_noise": -1}, "head_noise must be a number from 0 on, got -1"),
        ({"initial_read_weights": "last"}, "initial_read_weights must be one of 'first', 'middle'"),
        ({"write_shift_bias": "8"}, "write_shift_bias must be a finite number, got '8'"),
        ({"read_shift_bias": [1.0, float("inf")]}, "read_shift_bias must be a finite number"),
        ({"content_scale": 0.0}, "content_scale must be a positive number, got 0.0"),
        ({"forget_bias": None}, "forget_bias must be a finite number, got None"),
        ({"recurrent_gain": -1}, "recurrent_gain must be a positive number, got -1"),
        ({"input_variance": 0}, "input_variance must be a positive number, got 0"),
        ({"controller": "transformer"}, "controller must be one of 'lstm', 'feedforward'"),
        ({"controller": 3}, "controller must be .* a Keras RNN cell"),
        ({"controller": keras.layers.GRUCell(6, dropout=0.5)}, "must have no dropout"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        NTM(**{**SMALL, **arguments})
