"""What is replaced is what the network goes on with, from this step on and not before."""

import numpy as np
import oracle
import pytest
from helpers import numpy, sequences
from keras import ops
from traces import SMALL

from keras_s4ntm.analysis import Intervention, freeze, intervene, move, replace, trace, zero_slot
from keras_s4ntm.layers import DNC, NTM, S4DNTM

pytestmark = pytest.mark.dealt

LAYERS = {
    "NTM": (NTM, {"write_heads": 2}),
    "read-first": (NTM, {"order": "read-first"}),
    "S4D-NTM": (S4DNTM, {"state_dimension": 4}),
    "DNC": (DNC, {"deallocation": True}),
    "bfloat16": (NTM, {"dtype": "mixed_bfloat16"}),
}
AT = 3
WRITES = ("write_weights", "erase", "add")
each_layer = pytest.mark.parametrize("name", LAYERS)
each_layer_and_head = pytest.mark.parametrize(
    ("name", "weights"),
    [(n, w) for w in ("read_weights", "write_weights") for n in LAYERS],
)


@pytest.fixture
def run(rng, name):
    """`(trace, intervene)` of a layer of this name for the same sequences."""
    kind, own = LAYERS[name]
    layer, x = kind(**SMALL, **own), 3 * sequences(rng)
    return trace(layer, x), lambda *interventions: intervene(layer, x, list(interventions))


def check_consistent(found, atol, empty=None):
    """Memory and read vectors follow at every step from the weights of the trace, but for a slot
    that was emptied before time step AT.
    """
    for t in range(found.accessed.shape[1]):
        before, after = found.memory[:, t], found.memory[:, t + 1]
        kept = before
        if found.about.get("deallocation"):
            kept = before * found.retention[:, t, :, None]
        written = oracle.write(kept, *(getattr(found, name)[:, t] for name in WRITES))
        seen = before if found.about["order"] == "read-first" else written.copy()
        if empty is not None and t == AT - 1:
            written[:, empty] = 0
        np.testing.assert_allclose(after, written, atol=atol)
        reads = oracle.read(seen, found.read_weights[:, t])
        np.testing.assert_allclose(found.read_vectors[:, t], reads, atol=atol)


def tolerance(name):
    return 0.05 if name == "bfloat16" else 1e-5


@each_layer
def test_what_changes_nothing_changes_nothing(run, name):
    plain, changed = run
    same = changed(
        replace("memory", lambda memory: memory),
        move("read_weights", 7),
        replace("read_vectors", lambda reads: reads),
    )
    for known, array in plain.arrays.items():
        np.testing.assert_allclose(same.arrays[known], array, atol=tolerance(name), err_msg=known)
    assert same.about["interventions"] == [
        "replace('memory', ...)",
        "move('read_weights', 7)",
        "replace('read_vectors', ...)",
    ]
    assert "interventions" not in plain.about


@each_layer
def test_a_slot_is_empty_from_then_on(run, name):
    plain, changed = run
    found = changed(zero_slot(2, at=AT))
    check_consistent(found, tolerance(name), empty=2)
    expected = plain.memory[:, AT].copy()
    expected[:, 2] = 0
    np.testing.assert_allclose(found.memory[:, AT], expected, atol=1e-6)
    np.testing.assert_allclose(found.outputs[:, :AT], plain.outputs[:, :AT], atol=1e-6)
    later = AT + (name == "read-first")
    assert np.abs(found.outputs[:, later:] - plain.outputs[:, later:]).max(axis=(0, 2)).min() > 1e-4


@each_layer_and_head
def test_a_head_that_is_moved_reads_and_writes_where_it_was_put(run, name, weights):
    plain, changed = run
    head = plain.arrays[weights].shape[2] - 1
    found = changed(move(weights, -2, head=head, at=AT))
    check_consistent(found, tolerance(name))
    expected = plain.arrays[weights][:, AT].copy()
    expected[:, head] = np.roll(expected[:, head], -2, axis=-1)
    np.testing.assert_allclose(found.arrays[weights][:, AT], expected, atol=tolerance(name))
    np.testing.assert_allclose(found.outputs[:, :AT], plain.outputs[:, :AT], atol=1e-6)
    assert np.abs(found.read_vectors[:, AT + 1] - plain.read_vectors[:, AT + 1]).max() > 1e-4


@each_layer_and_head
def test_a_head_that_is_frozen_stays_where_it_was(run, name, weights):
    plain, changed = run
    found = changed(freeze(weights, at=range(AT, 6)))
    check_consistent(found, tolerance(name))
    stays = plain.arrays[weights][:, AT - 1]
    for t in range(AT, 6):
        np.testing.assert_allclose(found.arrays[weights][:, t], stays, atol=1e-6)
    assert np.abs(plain.arrays[weights][:, AT] - stays).max() > 1e-4  # it would have moved


@pytest.mark.parametrize("name", ["NTM"])
def test_a_frozen_head_at_the_first_step_stays_where_heads_start(run, name):
    found = run[1](freeze("write_weights", at=0))
    np.testing.assert_allclose(found.write_weights[:, 0], np.eye(1, 7)[None].repeat(2, 1)[[0] * 3])


@pytest.mark.parametrize("name", ["NTM", "S4D-NTM", "DNC"])
def test_read_vectors_that_are_replaced_reach_the_output_and_the_controller(run, name):
    plain, changed = run
    found = changed(replace("read_vectors", 7.0, head=1, at=AT))
    np.testing.assert_array_equal(found.outputs[:, AT, -4:], 7)
    np.testing.assert_allclose(found.outputs[:, AT, :-4], plain.outputs[:, AT, :-4], atol=1e-6)
    difference = found.controller_outputs[:, AT + 1] - plain.controller_outputs[:, AT + 1]
    assert (np.abs(difference).max() > 1e-3) == (name != "S4D-NTM")  # which does not hear them


@pytest.mark.parametrize("name", ["NTM", "DNC"])
def test_vectors_that_are_replaced_are_what_is_written(run, name):
    _, changed = run
    value = np.arange(4.0)
    found = changed(replace("add", value, at=AT), replace("erase", 1, head=0, at=AT))
    np.testing.assert_array_equal(found.add[:, AT], np.broadcast_to(value, found.add[:, AT].shape))
    np.testing.assert_array_equal(found.erase[:, AT, 0], np.ones((3, 4)))
    check_consistent(found, 1e-5)


@pytest.mark.parametrize("name", ["every third step"])
def test_between_two_accesses_a_slot_can_be_emptied_and_a_read_replaced(rng, name):
    layer = S4DNTM(**SMALL, state_dimension=4, access_interval=3)
    found = intervene(layer, sequences(rng), [zero_slot(1, at=3), replace("read_vectors", 2, at=3)])
    np.testing.assert_array_equal(found.accessed[0], [False, False, True, False, False, True])
    np.testing.assert_array_equal(found.memory[:, 3:6, 1], np.zeros((3, 3, 4)))
    np.testing.assert_array_equal(found.read_vectors[:, 3:5], np.full((3, 2, 2, 4), 2))


def test_what_happens_once_a_sequence_can_be_changed_at_the_first_step(rng):
    arguments = {**SMALL, "state_dimension": 4, "access_interval": "sequence"}
    layer, x = S4DNTM(**arguments), sequences(rng)
    found = intervene(layer, x, [zero_slot(1, at=0), replace("read_vectors", 2)])
    np.testing.assert_array_equal(found.memory[:, 0, 1], np.zeros((3, 4)))
    np.testing.assert_array_equal(found.outputs[:, :, -8:], np.full((3, 6, 8), 2))
    with pytest.raises(ValueError, match="last time step is 0"):
        intervene(layer, x, zero_slot(1, at=1))


def test_a_masked_step_is_not_changed(rng):
    layer, x = NTM(**SMALL), sequences(rng)
    mask = np.ones((3, 6), "bool")
    mask[0, AT] = False
    found = intervene(layer, x, replace("read_vectors", 2, at=AT), mask=mask)
    np.testing.assert_array_equal(found.read_vectors[1:, AT], np.full((2, 2, 4), 2))
    np.testing.assert_array_equal(found.read_vectors[0, AT], found.read_vectors[0, AT - 1])


@pytest.mark.parametrize(
    ("intervention", "sentence"),
    [
        (lambda: zero_slot(7, at=1), r"zero_slot\(7, at=1\): the memory has slots from 0 to 6"),
        (lambda: zero_slot(1, at=6), r"zero_slot\(1, at=6\): the last time step is 5"),
        (lambda: zero_slot(1, at=-1), "at must be a time step from 0 on, or several, got -1"),
        (lambda: zero_slot(1, at=[]), "at must be a time step"),
        (lambda: replace("usage", 0), "NTMAccess does not let 'usage' be replaced, but .*reads?"),
        (lambda: replace("add", np.ones(3)), r"add has the shape \(3, 1, 4\), and what .* \(3,\)"),
        (lambda: freeze("add", at=0), "before the first time step there is no add to keep"),
        (lambda: move("read_weights", 1, head=2), "there is no head 2"),
        (lambda: move("memory", 1), "name must be one of 'read_weights', 'write_weights'"),
        (lambda: "zero", "interventions must be made with zero_slot, .* got 'zero'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(rng, intervention, sentence):
    layer, x = NTM(**SMALL), sequences(rng)
    expected = numpy(layer(x))
    with pytest.raises(ValueError, match=sentence) as caught:
        intervene(layer, x, intervention())
    assert len(str(caught.value).splitlines()) == 1
    np.testing.assert_array_equal(numpy(layer(ops.convert_to_tensor(x))), expected)


def test_an_intervention_of_ones_own_gets_the_step_before(rng):
    layer, x = NTM(**SMALL), sequences(rng)
    seen = []

    def change(now, before):
        seen.append(before)
        return now

    own = Intervention("memory", change, frozenset([2]), "look at the memory")
    found = intervene(layer, x, own)
    np.testing.assert_array_equal(seen[0], found.memory[:, 2])
