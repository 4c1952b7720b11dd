"""Every read vector is the sum of what the writes contributed to it, exactly."""

import dataclasses

import numpy as np
import pytest
from helpers import sequences
from keras import ops
from traces import SMALL

from keras_s4ntm.analysis import Trace, attribution, intervene, trace, zero_slot
from keras_s4ntm.layers import DNC, NTM, S4DNTM

pytestmark = pytest.mark.dealt

LAYERS = {
    "NTM": (NTM, {"write_heads": 2}),
    "S4D-NTM": (S4DNTM, {"state_dimension": 4}),
    "DNC": (DNC, {}),
    "DNC, de-allocation": (DNC, {"deallocation": True}),
    "every third step": (
        S4DNTM,
        {"state_dimension": 4, "access_interval": 3, "reads_initializer": "ones"},
    ),
    "once a sequence": (S4DNTM, {"state_dimension": 4, "access_interval": "sequence"}),
}

ORDERS = ("write-first", "read-first")
PAIRS = [("NTM", "write-then-address"), *((name, order) for order in ORDERS for name in LAYERS)]


def traced(rng, name, **arguments):
    kind, own = LAYERS[name]
    return trace(kind(**SMALL, **own, **arguments), 3 * sequences(rng, time=8))


def by_hand(found, b, t, s, writer, reader):
    """A of one write and one read, all columns, from the definition."""
    seen = t if found.about["order"] == "read-first" else t + 1
    total = np.zeros(found.memory.shape[-1])
    if s >= seen:
        return total
    for slot in range(found.memory.shape[2]):
        left = np.ones_like(total)
        for u in range(s + 1, seen):
            if found.about.get("deallocation"):
                left *= found.retention[b, u, slot]
            for w in range(found.erase.shape[2]):
                left *= 1 - found.write_weights[b, u, w, slot] * found.erase[b, u, w]
        read, written = found.read_weights[b, t, reader], found.write_weights[b, s, writer]
        total += read[slot] * left * written[slot]
    return total


@pytest.mark.parametrize(("name", "order"), PAIRS)
def test_the_contributions_of_all_writes_sum_to_what_was_read(rng, name, order):
    found = traced(rng, name, order=order)
    result = attribution(found)
    np.testing.assert_allclose(result.read_vectors, found.read_vectors, rtol=0, atol=1e-5)
    assert result.error < 1e-5
    writers = found.about["write_heads"]
    assert result.per_column.shape == (3, 2, writers, 4, 8, 8)
    assert np.abs(result.initial).max() > 1e-3  # the initial memory and the writes both take part
    if (name, order) != ("once a sequence", "read-first"):
        assert np.abs(result.vectors).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "order"),
    [(name, order) for order in ORDERS for name in ("NTM", "DNC, de-allocation")],
)
def test_each_coefficient_is_what_its_definition_says(rng, name, order):
    found = traced(rng, name, order=order)
    result = attribution(found)
    for _ in range(20):
        b, t, s = rng.integers([3, 8, 8])
        writer, reader = rng.integers([found.about["write_heads"], 2])
        np.testing.assert_allclose(
            result.per_column[b, reader, writer, :, t, s],
            by_hand(found, b, t, s, writer, reader),
            atol=1e-5,
        )


def test_masked_steps_contribute_nothing_and_read_what_was_read_before(rng):
    layer, x = DNC(**SMALL), sequences(rng)
    mask = np.ones((3, 6), "bool")
    mask[0, 2], mask[1, 0] = False, False
    found = trace(layer, x, mask=ops.convert_to_tensor(mask))
    result = attribution(found)
    np.testing.assert_allclose(result.read_vectors, found.read_vectors, rtol=0, atol=1e-5)
    assert (result.per_column[0, ..., 2] == 0).all()
    np.testing.assert_array_equal(result.per_column[0, ..., 2, :], result.per_column[0, ..., 1, :])


def one_hot_copy(vectors, erase=1.0):
    """The trace of a network that writes vector s to slot s, one after the other, then reads them
    in the same order. The last vector is written to slot 0, over the first.
    """
    count, width = vectors.shape
    time, slots = 2 * count, count - 1
    memory = np.zeros((1, time + 1, slots, width), "float32")
    write_weights, read_weights = np.zeros((2, 1, time, 1, slots), "float32")
    add = np.zeros((1, time, 1, width), "float32")
    for t in range(time):
        memory[0, t + 1] = memory[0, t]
        if t < count:
            write_weights[0, t, 0, t % slots] = 1
            add[0, t, 0] = vectors[t]
            memory[0, t + 1, t % slots] = (1 - erase) * memory[0, t, t % slots] + vectors[t]
        else:
            read_weights[0, t, 0, (t - count) % slots] = 1
    arrays = {
        "memory": memory,
        "write_weights": write_weights,
        "read_weights": read_weights,
        "read_vectors": np.einsum("btrn,btnm->btrm", read_weights, memory[:, 1:]),
        "erase": np.full_like(add, erase),
        "add": add,
        "accessed": np.ones((1, time), "bool"),
    }
    return Trace(arrays, {"access": "ntm", "order": "write-first"})


def test_a_copy_is_a_shifted_diagonal_and_what_was_written_over_is_gone(rng):
    result = attribution(one_hot_copy(rng.normal(size=(4, 3)).astype("float32")))
    expected = np.zeros((8, 8))
    # Read at 4 and 7: slot 0, with the last vector; at 5 and 6 vectors 1 and 2.
    expected[[4, 5, 6, 7], [3, 1, 2, 3]] = 1
    np.testing.assert_allclose(result.total[0, 0, 0], expected, atol=1e-6)


def test_what_an_erase_leaves_is_what_still_contributes(rng):
    vectors = rng.normal(size=(4, 3)).astype("float32")
    result = attribution(one_hot_copy(vectors, erase=0.75))
    np.testing.assert_allclose(result.total[0, 0, 0, 4], [0.25, 0, 0, 1, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(
        result.sizes[0, 0, 0, 4, [0, 3]],
        [0.25 * np.linalg.norm(vectors[0]), np.linalg.norm(vectors[3])],
        rtol=1e-5,
    )
    first, second = result.sources(4, count=2)
    if np.linalg.norm(vectors[3]) < 0.25 * np.linalg.norm(vectors[0]):
        first, second = second, first
    assert (first["step"], second["step"]) == (3, 0)
    assert first["share"] + second["share"] == pytest.approx(1)
    assert first["size"] == pytest.approx(np.linalg.norm(vectors[3]), rel=1e-5)


def test_sources_name_the_initial_memory_and_all_read_heads(rng):
    result = attribution(traced(rng, "NTM"))
    everything = result.sources(0, sequence=2, count=1000)
    assert len(everything) == 2 * (2 * 8 + 1)
    assert {one["read_head"] for one in everything} == {0, 1}
    assert sum(one["share"] for one in everything) == pytest.approx(1)
    sizes = [one["size"] for one in everything]
    assert sizes == sorted(sizes, reverse=True)
    initial = [one for one in result.sources(0, sequence=2, head=1) if one["step"] is None]
    assert initial[0]["size"] == pytest.approx(np.linalg.norm(result.initial[2, 1, :, 0]), rel=1e-5)


def test_a_memory_that_does_more_than_erase_and_add_is_refused(rng):
    found = traced(rng, "NTM")
    other = dataclasses.replace(found, arrays={**found.arrays, "erase": found.erase * 0})
    with pytest.raises(ValueError, match=r"'ntm' read is not the sum .*: it does more than erase"):
        attribution(other)
    without = {name: array for name, array in found.arrays.items() if name != "erase"}
    with pytest.raises(ValueError, match="'ntm' has no erase: attribution needs"):
        attribution(Trace(without, found.about))


def test_a_memory_that_was_changed_from_outside_is_refused(rng):
    kind, own = LAYERS["NTM"]
    changed = intervene(kind(**SMALL, **own), sequences(rng), zero_slot(2, at=3))
    with pytest.raises(ValueError, match="an intervention changed it"):
        attribution(changed)
