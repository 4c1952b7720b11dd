"""What every access to a memory does, whichever memory it is."""

import keras
import numpy as np
import pytest
from helpers import numpy, sequences, tensors, with_the_weights_of

from keras_s4ntm.layers import DNC, NTM, S4DNTM, DNCAccess, NTMAccess

pytestmark = pytest.mark.dealt

SMALL = {"memory_size": 7, "memory_width": 4, "read_heads": 2}
UNITS = 3

each_access = pytest.mark.parametrize("kind", [NTMAccess, DNCAccess])


def built(access):
    access.build((None, UNITS))
    return access


def test_states_and_their_shapes_have_names_memory_first_and_read_vectors_last():
    for kind, names in (
        (NTMAccess, ("memory", "weights", "reads")),
        (
            DNCAccess,
            (
                "memory",
                "usage",
                "precedence",
                "links",
                "write_weights",
                "read_weights",
                "reads",
            ),
        ),
    ):
        access = built(kind(**SMALL))
        assert access.State._fields == names
        state = access.get_initial_state(5)
        assert isinstance(state, access.State)
        assert [tuple(x.shape) for x in state] == [(5, *shape) for shape in access.state_shapes]
        new, _ = access(*tensors([np.ones((5, UNITS))]), state)
        assert isinstance(new, access.State)
        assert [tuple(x.shape) for x in new] == [(5, *shape) for shape in access.state_shapes]
        assert access.read_size == 2 * 4
        assert tuple(state.memory.shape) == (5, 4, 7)  # transposed


@each_access
def test_the_interface_vector_is_linear_in_what_drives_the_heads_for_one_step_or_for_all(rng, kind):
    access = built(kind(**SMALL))
    assert len(access.is_content) == access.interface_size
    hidden = tensors([rng.normal(size=(2, 5, UNITS))])[0]
    whole = numpy(access.project(hidden))
    assert whole.shape == (2, 5, access.interface_size)
    np.testing.assert_allclose(numpy(access.project(hidden[:, 3])), whole[:, 3], atol=1e-6)
    zero = numpy(access.project(0 * hidden))
    np.testing.assert_allclose(
        numpy(access.project(2 * hidden)) - zero, 2 * (whole - zero), atol=1e-5
    )


@each_access
@pytest.mark.parametrize("trace", [False, True], ids=["", "traced"])
def test_sequences_that_do_not_access_the_memory_keep_their_states(rng, kind, trace):
    access = built(kind(**SMALL, memory_initializer="random_normal"))
    hidden, some = tensors([rng.normal(size=(4, UNITS)), [[1], [0], [0], [1]]])
    state, _ = access(hidden, access.get_initial_state(4))
    all_of_them, _ = access(hidden, state)
    new, quantities = access(hidden, state, access_mask=some > 0.5, trace=trace)
    assert (quantities is None) == (not trace)
    for a, yes, no in zip(new, all_of_them, state, strict=True):
        np.testing.assert_allclose(numpy(a)[[0, 3]], numpy(yes)[[0, 3]], atol=1e-6)
        np.testing.assert_array_equal(numpy(a)[[1, 2]], numpy(no)[[1, 2]])
    nobody, _ = access(hidden, state, access_mask=some > 2, trace=trace)
    for a, no in zip(nobody, state, strict=True):
        np.testing.assert_array_equal(numpy(a), numpy(no))


@each_access
def test_an_offset_is_added_to_the_interface_vector(rng, kind):
    access = built(kind(**SMALL, memory_initializer="random_normal"))
    hidden, offset = tensors(
        [rng.normal(size=(3, UNITS)), rng.normal(size=(3, access.interface_size))]
    )
    state = access.get_initial_state(3)
    shifted, _ = access(hidden, state, offset=offset)
    expected, _ = access.step(access.project(hidden) + offset, state)
    for a, b in zip(shifted, expected, strict=True):
        np.testing.assert_allclose(numpy(a), numpy(b), atol=1e-6)


@each_access
def test_memory_is_accessed_in_float32_whatever_the_dtype_policy(rng, kind):
    plain, mixed = (built(kind(**SMALL, dtype=dtype)) for dtype in ("float32", "mixed_bfloat16"))

    def as_float32(x):
        return keras.ops.cast(x, "float32")

    state = mixed.get_initial_state(3)
    for _ in range(3):
        interface = keras.ops.cast(rng.normal(size=(3, mixed.interface_size)), "bfloat16")
        exact, _ = plain.step(*keras.tree.map_structure(as_float32, (interface, state)))
        state, _ = mixed.step(interface, state)
        for own, other in zip(state, exact, strict=True):
            assert keras.backend.standardize_dtype(own.dtype) == "bfloat16"
            rounded = keras.ops.cast(other, "bfloat16")
            np.testing.assert_array_equal(numpy(own), numpy(rounded))
    _, quantities = mixed.step(interface, state, trace=True)
    assert {keras.backend.standardize_dtype(x.dtype) for x in quantities.values()} == {"float32"}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(NTM, {}), (DNC, {}), (S4DNTM, {}), (S4DNTM, {"read_feedback": True})],
    ids=str,
)
def test_head_noise_is_drawn_anew_in_training_and_absent_otherwise(rng, kind, arguments):
    x = sequences(rng)
    arguments = {**SMALL, **arguments, "units": 6, "return_sequences": True, "output": "reads"}
    noisy, plain = kind(**arguments, head_noise=0.5), kind(**arguments)
    expected = numpy(plain(x))
    with_the_weights_of(plain, noisy)
    np.testing.assert_allclose(numpy(noisy(x)), expected, atol=1e-6)
    first, second = (numpy(noisy(x, training=True)) for _ in range(2))
    assert (first != second).all()
    noise = numpy(noisy.cell.access.draw_noise(50, 40))
    assert abs(noise.std() - 0.5) < 0.01
