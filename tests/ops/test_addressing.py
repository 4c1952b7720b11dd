"""The addressing equations against a plain NumPy transcription, and at the edges."""

import dnc_oracle
import numpy as np
import oracle
import pytest
from helpers import finite_differences, gradients, numpy, tensors

from keras_s4ntm import ops

B, H, N, M = 2, 3, 7, 5
ATOL = 1e-5


def random_addressing(rng, slots=N, reach=1):
    """Arguments of `address`, random."""
    return {
        "memory": rng.normal(size=(B, slots, M)),
        "previous": oracle.softmax(rng.normal(size=(B, H, slots))),
        "key": rng.normal(size=(B, H, M)),
        "strength": rng.uniform(0, 5, (B, H)),
        "gate": rng.uniform(0, 1, (B, H)),
        "shift": oracle.softmax(rng.normal(size=(B, H, 2 * reach + 1))),
        "gamma": rng.uniform(1, 4, (B, H)),
    }


def address(memory, previous, key, strength, gate, shift, gamma):
    """The whole mechanism, as a head uses it."""
    return ops.focus(ops.content_weights(memory, key, strength), previous, gate, shift, gamma)


def as_float32(arguments):
    return tensors(arguments.values())


def test_content_weights_equal_equations_5_and_6(rng):
    a = random_addressing(rng)
    names = ("memory", "key", "strength")
    expected = oracle.content_weights(*(a[n] for n in names))
    actual = ops.content_weights(*tensors(a[n] for n in names))
    np.testing.assert_allclose(numpy(actual), expected, atol=ATOL)


def test_interpolation_equals_equation_7(rng):
    a, b = oracle.softmax(rng.normal(size=(2, B, H, N)))
    gate = rng.uniform(0, 1, (B, H))
    actual = ops.interpolate(*tensors([a, b, gate]))
    np.testing.assert_allclose(numpy(actual), oracle.interpolate(a, b, gate), atol=ATOL)


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_closed_gate_keeps_the_previous_weights_and_open_gate_takes_the_content(rng, gate):
    content, previous = oracle.softmax(rng.normal(size=(2, B, H, N)))
    gates = np.full((B, H), gate)
    actual = numpy(ops.interpolate(*tensors([content, previous, gates])))
    np.testing.assert_allclose(actual, content if gate else previous, atol=1e-7)


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_shift_equals_equation_8(rng, reach):
    a = random_addressing(rng, reach=reach)
    expected = oracle.circular_shift(a["previous"], a["shift"])
    actual = ops.circular_shift(*tensors([a["previous"], a["shift"]]))
    np.testing.assert_allclose(numpy(actual), expected, atol=ATOL)


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_one_hot_shift_j_moves_the_focus_by_exactly_j_minus_s(reach):
    for j in range(2 * reach + 1):
        for start in range(N):
            weights = np.eye(N)[None, None, start]
            shift = np.eye(2 * reach + 1)[None, None, j]
            moved = numpy(ops.circular_shift(*tensors([weights, shift])))[0, 0]
            np.testing.assert_array_equal(moved, np.eye(N)[(start + j - reach) % N])


def test_sharpening_equals_equation_9(rng):
    a = random_addressing(rng)
    expected = oracle.sharpen(a["previous"], a["gamma"])
    actual = ops.sharpen(*tensors([a["previous"], a["gamma"]]))
    np.testing.assert_allclose(numpy(actual), expected, atol=ATOL)


def test_sharpening_with_gamma_1_changes_nothing(rng):
    weights = oracle.softmax(rng.normal(size=(B, H, N)))
    actual = ops.sharpen(*tensors([weights, np.ones((B, H))]))
    np.testing.assert_allclose(numpy(actual), weights, atol=1e-6)


@pytest.mark.parametrize("reach", [1, 2])
def test_address_equals_figure_2(rng, reach):
    a = random_addressing(rng, reach=reach)
    actual = address(*as_float32(a))
    np.testing.assert_allclose(numpy(actual), oracle.address(**a), atol=ATOL)


def test_gradients_of_address_equal_finite_differences(rng):
    a = random_addressing(rng, slots=5)
    mix = rng.normal(size=(B, H, 5))
    expected = finite_differences(lambda *x: mix * oracle.address(*x), list(a.values()))
    actual = gradients(lambda *x: tensors([mix])[0] * address(*x), as_float32(a))
    for name, g, e in zip(a, actual, expected, strict=True):
        np.testing.assert_allclose(g, e, atol=2e-4, err_msg=name)


EDGES = {
    "zero memory": {"memory": np.zeros((B, N, M))},
    "initial memory": {"memory": np.full((B, N, M), 1e-6)},
    "zero key": {"key": np.zeros((B, H, M))},
    "zero memory and key": {"memory": np.zeros((B, N, M)), "key": np.zeros((B, H, M))},
    "one-hot weights": {"previous": np.eye(N)[np.zeros((B, H), int)]},
    "one-hot weights, closed gate": {
        "previous": np.eye(N)[np.zeros((B, H), int)],
        "gate": np.zeros((B, H)),
        "shift": np.eye(3)[np.ones((B, H), int)],
    },
    "strength 50": {"strength": np.full((B, H), 50.0)},
    "gamma 20": {"gamma": np.full((B, H), 20.0)},
    "uniform weights, gamma 20": {
        "previous": np.full((B, H, N), 1 / N),
        "gate": np.zeros((B, H)),
        "gamma": np.full((B, H), 20.0),
    },
}


@pytest.mark.parametrize("edge", EDGES)
def test_address_is_right_and_its_gradients_finite_at_the_edge(rng, edge):
    a = {**random_addressing(rng), **EDGES[edge]}
    actual = numpy(address(*as_float32(a)))
    np.testing.assert_allclose(actual, oracle.address(**a), atol=ATOL)
    np.testing.assert_allclose(actual.sum(-1), 1, atol=1e-5)
    (mix,) = tensors([rng.normal(size=(B, H, N))])
    for name, g in zip(a, gradients(lambda *x: mix * address(*x), as_float32(a)), strict=True):
        assert np.isfinite(g).all(), name


def test_weights_sum_to_one_over_784_steps(rng):
    a = random_addressing(rng, slots=32)
    weights = np.eye(32)[np.zeros((B, H), int)]
    for _ in range(784):
        a["key"] = rng.normal(size=(B, H, M))
        a["previous"] = weights
        weights = numpy(address(*as_float32(a)))
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert (weights >= 0).all()


# Masks of the content (2019)


def random_masked(rng):
    """Arguments of `masked_content_weights`, random."""
    a = random_addressing(rng)
    return [a["memory"], a["key"], a["strength"], rng.uniform(0, 1, (B, H, M))]


@pytest.fixture
def masked(equation):
    return equation(ops.masked_content_weights, dnc_oracle.masked_content_weights)


def test_masked_content_weights_equal_the_transcription_of_their_equation(rng, masked):
    masked.check_values(random_masked(rng))


def test_masked_content_weights_in_float64_equal_the_transcription_to_nine_digits(rng, masked):
    masked.check_float64(random_masked(rng), float32_on_torch=True)


def test_gradients_of_masked_content_weights_equal_finite_differences(rng, masked):
    masked.check_gradients(random_masked(rng))


def test_masked_content_weights_of_nothing_are_right_and_their_gradients_finite(masked):
    zeros = np.zeros((B, H, M))
    masked.check_edge([np.zeros((B, N, M)), zeros, np.full((B, H), 9.0), zeros])


def test_a_mask_of_ones_changes_nothing_and_one_of_zeros_hides_the_difference(rng):
    memory, key, strength, mask = random_masked(rng)
    whole = numpy(ops.content_weights(*tensors([memory, key, strength])))
    ones = np.ones_like(mask)
    unmasked = numpy(ops.masked_content_weights(*tensors([memory, key, strength, ones])))
    np.testing.assert_allclose(unmasked, whole, atol=1e-6)
    mask[..., 2:] = 0
    before = numpy(ops.masked_content_weights(*tensors([memory, key, strength, mask])))
    memory[..., 2:], key[..., 2:] = 7, -3
    after = numpy(ops.masked_content_weights(*tensors([memory, key, strength, mask])))
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_where_the_memory_is_no_ring_what_leaves_it_is_lost(rng):
    weights, shift = rng.uniform(size=(B, H, N)), oracle.softmax(rng.normal(size=(B, H, 3)))
    padded = np.pad(weights, ((0, 0), (0, 0), (1, 1)))
    expected = oracle.circular_shift(padded, shift)[..., 1:-1]
    actual = numpy(ops.circular_shift(*tensors([weights, shift]), circular=False))
    np.testing.assert_allclose(actual, expected, atol=ATOL)


@pytest.mark.parametrize("epsilons", [(0.0, 1e-16), (1e-6, 1e-6), (0.1, 0.2)], ids=str)
def test_content_weights_with_other_epsilons_values_and_gradients(rng, epsilons):
    in_cosine, in_norm = epsilons
    memory, key, strength = (
        rng.normal(size=(2, 4, 3)),
        rng.normal(size=(2, 1, 3)),
        np.full((2, 1), 2),
    )

    def expected(memory, key, strength):
        dot = np.einsum("bhm,bnm->bhn", key, memory)
        slot_norm = np.sqrt((memory**2).sum(-1) + in_norm)[:, None]
        key_norm = np.sqrt((key**2).sum(-1) + in_norm)[..., None]
        return oracle.softmax(strength[..., None] * dot / (slot_norm * key_norm + in_cosine))

    def actual(memory, key, strength):
        return ops.content_weights(memory, key, strength, in_cosine, in_norm)

    arrays = [memory, key, strength]
    np.testing.assert_allclose(numpy(actual(*tensors(arrays))), expected(*arrays), atol=ATOL)
    mix = rng.normal(size=(2, 1, 4))
    wanted = finite_differences(lambda *x: mix * expected(*x), arrays)
    got = gradients(lambda *x: tensors([mix])[0] * actual(*x), tensors(arrays))
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_masked_look_up_has_the_same_epsilons(rng):
    memory, key = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 1, 3))
    arguments = tensors([memory, key, np.full((2, 1), 2.0)])
    plain = ops.content_weights(*arguments, 0.1, 0.2)
    masked = ops.masked_content_weights(*arguments, *tensors([np.ones((2, 1, 3))]), 0.1, 0.2)
    np.testing.assert_allclose(numpy(masked), numpy(plain), atol=ATOL)
