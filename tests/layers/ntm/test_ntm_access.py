"""One access to the memory of an NTM: every quantity of it, and how its heads start."""

import keras
import numpy as np
import oracle
import pytest
from helpers import numpy, tensors

from keras_s4ntm.layers import NTMAccess

pytestmark = pytest.mark.dealt

UNITS = 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": "read-first"},
        {"read_heads": 2, "write_heads": 3, "shift_range": 2},
        {"read_heads": 3, "initial_read_weights": "uniform"},
    ],
    ids=str,
)
def test_a_traced_step_hands_out_the_states_and_quantities_of_the_numpy_transcription(rng, options):
    access = NTMAccess(memory_size=9, memory_width=4, **options)
    access.build((None, UNITS))
    access.memory.initial.assign(rng.normal(size=(9, 4)))
    config = access.get_config()
    state = access.get_initial_state(2)
    expected = oracle.initial_state(config, numpy(access.memory.initial.value), 2)
    for _ in range(5):
        interface = rng.normal(size=(2, access.interface_size))
        expected, named = oracle.step(interface, expected, config)
        state, quantities = access.step(*tensors([interface]), state, trace=True)
        assert set(quantities) == set(named)
        for name, quantity in quantities.items():
            np.testing.assert_allclose(numpy(quantity), named[name], atol=1e-5, err_msg=name)
        memory, weights, reads = expected
        np.testing.assert_allclose(numpy(state.memory), memory.transpose(0, 2, 1), atol=1e-5)
        np.testing.assert_allclose(numpy(state.weights), weights, atol=1e-5)
        np.testing.assert_allclose(numpy(state.reads), reads.reshape(2, -1), atol=1e-5)


def test_the_quantities_of_a_step_are_those_that_the_documentation_names(rng):
    access = NTMAccess(memory_size=9, memory_width=4)
    access.build((None, UNITS))
    hidden = tensors([rng.normal(size=(2, UNITS))])[0]
    _, quantities = access(hidden, access.get_initial_state(2), trace=True)
    for name in quantities:
        assert f"`{name}`" in NTMAccess.__doc__, name


WALK = {"write_interpolation_bias": -3.0, "write_shift_bias": 3.0}
WALK_ON = {"write_interpolation_bias": -6.0, "write_shift_bias": 8.0}
KEEP_WALKING = {"write_interpolation_bias": -10.0, "write_shift_bias": 13.0}
WALKING_READS = {
    "read_interpolation_bias": -3.0,
    "read_shift_bias": 3.0,
    "read_strength_bias": 3.0,
    "content_scale": 0.1,
}
LOOKING_UP = {
    "read_interpolation_bias": [-3.0, 3.0],
    "read_shift_bias": [3.0, 0.0],
    "read_strength_bias": [3.0, 6.0],
    "content_scale": 0.1,
}


@pytest.mark.parametrize(
    ("biases", "walks", "looks_up"),
    [
        ({**WALK, "content_scale": 3.0}, [False, False], [False, False]),
        ({**WALK_ON, **WALKING_READS}, [True, True], [False, False]),
        ({**KEEP_WALKING, **WALKING_READS, "read_shift_bias": 8.0}, [True, True], [False, False]),
        ({**WALK_ON, **LOOKING_UP}, [True, False], [False, True]),
    ],
    ids=["search", "walk and search", "keep walking", "walk and look up"],
)
def test_with_these_biases_write_heads_start_walking_from_slot_0_and_read_heads_from_everywhere(
    biases, walks, looks_up
):
    access = NTMAccess(
        memory_size=9,
        memory_width=4,
        read_heads=2,
        write_heads=2,
        initial_read_weights="uniform",
        **biases,
    )
    access.build((None, 3))
    state = access.get_initial_state(2)
    for slot in (1, 2):
        state, _ = access(keras.ops.zeros((2, 3)), state)  # no input: what the biases do
        weights = numpy(state.weights)
        assert (weights[:, :2].argmax(-1) == slot).all()
        assert (weights[:, :2].max(-1) > 0.8).all()
        np.testing.assert_allclose(weights[:, 2:], 1 / 9, rtol=0.3)
    gate, *_, step = numpy(access.read_head.bias.value).reshape(2, -1)[:, 5:].T
    assert (step > 0).tolist() == walks
    assert (gate > 0).tolist() == looks_up


def test_initial_biases_are_where_the_equations_look_for_them_one_for_each_head_in_turn():
    access = NTMAccess(
        memory_size=9,
        memory_width=4,
        read_heads=3,
        shift_range=2,
        write_interpolation_bias=-6.0,
        write_shift_bias=8.0,
        read_interpolation_bias=[-3.0, 3.0],
        read_shift_bias=[5.0, 0.0],
        read_strength_bias=2.0,
    )
    access.build((None, UNITS))
    hidden = keras.ops.zeros((1, UNITS))
    _, quantities = access(hidden, access.get_initial_state(1), trace=True)
    of = {name: numpy(quantity)[0] for name, quantity in quantities.items()}

    def sigmoid(x):
        return 1 / (1 + np.exp(-np.array(x)))

    np.testing.assert_allclose(of["interpolation_gates"], sigmoid([-6, -3, 3, -3]), rtol=1e-5)
    plus_one = [np.exp(b) / (4 + np.exp(b)) for b in (8, 5, 0, 5)]
    np.testing.assert_allclose(of["shift_weights"][:, 3], plus_one, rtol=1e-5)
    strengths = np.log1p(np.exp([0, 2, 2, 2]))
    np.testing.assert_allclose(of["key_strengths"], strengths, rtol=1e-5)
    np.testing.assert_allclose(of["sharpening"], 1 + np.log(2), rtol=1e-5)
    assert (of["keys"] == 0).all()
    assert (of["add"] == 0).all()
    np.testing.assert_allclose(of["erase"], 0.5)
