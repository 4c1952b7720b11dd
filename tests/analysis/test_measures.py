"""Measures of traces that are made by hand, so that the right answer is known."""

import json

import numpy as np
import pytest
from traces import FIRST_ANSWER, STAY, WALK, B, M, N, T, made, one_hot

from keras_s4ntm.analysis import learned_algorithm, measure
from keras_s4ntm.analysis import measures as m
from keras_s4ntm.analysis.answers import errors, kind_of, scored, wrong

pytestmark = pytest.mark.once

# Errors


def test_errors_are_those_that_are_scored_and_of_each_kind_of_targets():
    trace = made(WALK, STAY)
    trace.outputs[0, [2, 8, 9], [0, 1, 1]] = -1  # the first is not scored
    assert kind_of(trace) == "bits"
    assert wrong(trace).sum() == 2
    assert errors(trace) == 1  # of two sequences
    tokens = made(WALK, STAY, outputs=np.eye(T, 5), targets=np.zeros(T, "int32"))
    assert kind_of(tokens) == "tokens"
    assert errors(tokens) == 0  # of zeros, argmax is 0
    tokens.outputs[1, T - 1, 3] = 1
    assert errors(tokens) == 0.5
    classes = made(WALK, STAY)
    del classes.arrays["target_mask"]
    classes.arrays.update(outputs=np.eye(2), targets=np.array([0, 0]))
    assert kind_of(classes) == "classes"
    assert errors(classes) == 0.5
    assert scored(classes).sum(axis=1).tolist() == [1, 1]
    values = made(WALK, STAY)
    values.arrays["targets"] = np.array(values.outputs) + 0.5
    values.outputs[0, -1] += 0.5  # of the steps that are scored the last one is right
    steps = scored(values)[0].sum()
    assert kind_of(values) == "values"
    assert errors(values) == pytest.approx(0.25 * (1 - 0.5 / steps))
    with pytest.raises(ValueError, match="never quite right"):
        wrong(values)
    values.arrays["targets"] = np.zeros_like(values.outputs)
    assert kind_of(values) == "bits"  # all of them are 0 or 1
    values.about["target_kind"] = "values"
    assert kind_of(values) == "values"
    del classes.arrays["targets"]
    with pytest.raises(ValueError, match="has no targets"):
        errors(classes)


# The memory


def test_utilisation_counts_the_slots_that_a_sequence_writes_to():
    assert m.utilisation(made(WALK, STAY)) == T / N
    assert m.utilisation(made(0.05 * WALK, STAY)) == 0
    assert m.utilisation(made(0.05 * WALK, STAY), threshold=0.01) == T / N
    rests = made(WALK, STAY)
    rests.accessed[:, 6:] = False
    assert m.utilisation(rests) == 6 / N


def test_persistence_is_what_later_erases_leave_of_a_write():
    erase = np.zeros((T, 1, M), "float32")
    assert m.persistence(made(STAY, STAY), steps=(1, 3)) == {"1": 1.0, "3": 1.0}
    erase[:] = 0.5  # every step halves the one slot
    found = m.persistence(made(STAY, STAY, erase=erase), steps=(1, 2, 3, T))
    assert found == pytest.approx({"1": 0.5, "2": 0.25, "3": 0.125})
    assert m.persistence(made(WALK, STAY, erase=erase), steps=(1, 5)) == {"1": 1.0, "5": 1.0}
    erase[:] = [1, 0, 0]  # of three columns one is lost, and the other two stay
    found = m.persistence(made(STAY, STAY, erase=erase), steps=(1, 4))
    assert found == pytest.approx({"1": 2 / 3, "4": 2 / 3})


def test_persistence_of_a_dnc_with_de_allocation_knows_what_is_freed():
    retention = np.full((T, N), 0.5, "float32")
    freed = made(WALK, STAY, {"deallocation": True}, retention=retention)
    assert m.persistence(freed, steps=(1, 2)) == pytest.approx({"1": 0.5, "2": 0.25})


def test_a_step_that_rests_writes_and_erases_nothing():
    trace = made(STAY, STAY, erase=np.full((T, 1, M), 0.5, "float32"))
    trace.accessed[:, 1::2] = False  # after a write, every other step halves it
    assert m.persistence(trace, steps=(1, 2, 4)) == pytest.approx({"1": 1, "2": 0.5, "4": 0.25})


# The heads


def test_sharpness_is_entropy_in_bits():
    quarter = np.zeros((T, N), "float32")
    quarter[:, :4] = 0.25
    assert m.sharpness(made(WALK, quarter)) == pytest.approx({"write 0": 0, "read 0": 2}, abs=1e-6)
    half = m.sharpness(made(0.1 * quarter, 0 * quarter))  # a DNC's may sum to less than 1
    assert half == {"write 0": pytest.approx(2), "read 0": None}


def test_the_part_by_content_is_the_gate_of_an_ntm_and_modes_of_a_dnc():
    gates = np.zeros((T, 2), "float32")
    gates[:, 0], gates[: T // 2, 1] = 0.25, 1
    assert m.by_content(made(WALK, STAY, interpolation_gates=gates)) == {
        "write 0": 0.25,
        "read 0": 0.5,
    }
    dnc = made(
        WALK,
        STAY,
        read_modes=np.tile(np.float32([0.125, 0.25, 0.625]), (T, 1, 1)),
        allocation_gate=np.full((T, 1), 0.75, "float32"),
    )
    del dnc.arrays["interpolation_gates"]
    assert m.by_content(dnc) == {"write 0": 0.25, "read 0": 0.25}


def test_movement_is_counted_on_a_ring_the_most_frequent_first():
    slots = [0, 1, 2, 3, 3, 2, 1, 0, 15, 14, 13, 12]
    found = m.movement(made(one_hot(slots), one_hot(8 * np.arange(T))))
    assert found["write 0"] == pytest.approx({"-1": 7 / 11, "+1": 3 / 11, "0": 1 / 11})
    assert list(found["write 0"]) == ["-1", "+1", "0"]
    assert found["read 0"] == {"+8": 1.0}  # half way round


def test_a_move_is_from_one_access_to_the_next():
    rests = made(one_hot(np.arange(T) // 3), STAY)  # accessed at every third step
    rests.accessed[:] = np.arange(T) % 3 == 0
    assert m.movement(rests)["write 0"] == {"+1": 1.0}
    assert learned_algorithm(rests)[0] == "write head 0: +1 a step in 100 % of steps"
    rests.accessed[:] = np.arange(T) == T - 1
    assert m.movement(rests)["write 0"] == {}
    assert learned_algorithm(rests)[0] == "write head 0: no rule found"


def test_measure_has_all_of_them_and_fits_into_json():
    found = json.loads(json.dumps(measure(made(WALK, STAY))))
    assert set(found) == {"sequences", "errors", "utilisation", "persistence", "heads"}
    assert list(found["heads"]) == ["write 0", "read 0"]
    assert found["heads"]["write 0"]["movement"] == {"+1": 1.0}
    assert set(found["heads"]["read 0"]) == {"sharpness", "by_content", "movement"}


def test_a_memory_without_these_quantities_is_measured_as_far_as_it_has_them():
    other = made(WALK, STAY)
    for name in ("erase", "add", "interpolation_gates", "write_weights", "targets"):
        del other.arrays[name]
    found = measure(other)
    assert set(found) == {"sequences", "heads"}
    assert set(found["heads"]["read 0"]) == {"sharpness", "movement"}
    del other.arrays["read_weights"]
    assert measure(other) == {"sequences": B, "heads": {}}
    assert learned_algorithm(other) == []


# In words


def test_a_copy_is_a_walk_and_a_jump_by_content_at_the_end_marker():
    wanders = [3, 9, 2, 5, 11, 4, 1, 2, 3, 4, 5, 6]
    gates = np.zeros((T, 2), "float32")
    gates[FIRST_ANSWER - 1, 1] = 1
    trace = made(WALK, one_hot(wanders), interpolation_gates=gates)
    assert learned_algorithm(trace) == [
        "write head 0: +1 a step in 100 % of steps",
        "read head 0: one jump by content at the end marker (step 6), then +1 a step in 100 % of "
        "steps",
    ]
    no_gate = made(WALK, one_hot(wanders))
    assert "one jump at the end marker" in learned_algorithm(no_gate)[1]


def test_shares_are_those_of_the_steps():
    slots = np.repeat(np.arange(T)[None], B, axis=0)
    slots[0, 5:] += 1  # once by two
    trace = made(WALK, STAY)
    trace.write_weights[:, :, 0] = np.eye(N)[slots]
    assert learned_algorithm(trace)[0] == "write head 0: +1 a step in 95.5 % of steps"
    assert learned_algorithm(trace)[1] == "read head 0: stays where it is in 100 % of steps"


def test_where_the_measures_decide_nothing_no_rule_is_claimed():
    anywhere = one_hot([3, 9, 2, 5, 11, 4, 1, 14, 3, 8, 5, 12])
    uniform = np.full((T, N), 1 / N, "float32")
    assert learned_algorithm(made(anywhere, uniform)) == [
        "write head 0: no rule found",
        "read head 0: looks at many slots at once (4.0 of 4.0 bits)",
    ]
    looks_up = made(anywhere, anywhere, interpolation_gates=np.ones((T, 2), "float32"))
    assert learned_algorithm(looks_up)[1] == (
        "read head 0: looks up by content (100 % at the answers)"
    )


def test_a_dnc_writes_to_free_slots_and_follows_its_links():
    anywhere = one_hot([3, 9, 2, 5, 11, 4, 1, 14, 3, 8, 5, 12])
    dnc = made(
        anywhere,
        anywhere,
        {"access": "dnc"},
        read_modes=np.tile(np.float32([0, 0.05, 0.95]), (T, 1, 1)),
        allocation_gate=np.full((T, 1), 1, "float32"),
    )
    del dnc.arrays["interpolation_gates"]
    assert learned_algorithm(dnc) == [
        "write head 0: writes to free slots (100 % by allocation)",
        "read head 0: follows its links forward (95 % of its read mode at the answers)",
    ]
