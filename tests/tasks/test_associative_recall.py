"""Associative recall against a plain solver and a sequence written by hand."""

import numpy as np
import pytest

from keras_s4ntm.tasks import AssociativeRecall


def solve(inputs, bits, vectors):
    """The items, the query and the answer of one sequence, found by its delimiters."""
    items, t = [], 0
    while inputs[t, bits] == 1:
        items.append(inputs[t + 1 : t + 1 + vectors, :bits].tolist())
        t += vectors + 1
    query = inputs[t + 1 : t + 1 + vectors, :bits].tolist()
    np.testing.assert_array_equal(inputs[:, bits + 1].nonzero()[0], [t, t + vectors + 1])
    targets, mask = np.zeros((len(inputs), bits)), np.zeros(len(inputs))
    answers = t + vectors + 2 + np.arange(vectors)
    targets[answers] = items[items.index(query) + 1]
    mask[answers] = 1
    assert (inputs[answers[0] :] == 0).all()
    return items, query, targets, mask


def test_targets_follow_from_the_inputs_as_the_paper_describes(rng):
    batch = AssociativeRecall(bits=20, vectors=2, max_items=5).sample(rng, 64)
    counts, asked = set(), set()
    for inputs, targets, mask in zip(*batch, strict=True):
        items, query, expected, scored = solve(inputs, bits=20, vectors=2)
        np.testing.assert_array_equal(targets, expected)
        np.testing.assert_array_equal(mask, scored)
        counts.add(len(items))
        asked.add(items.index(query) - len(items))
    assert counts == {2, 3, 4, 5}
    assert asked == {-2, -3, -4, -5}  # every item but the last


def test_a_sequence_is_the_one_of_the_module_text(rng):
    task = AssociativeRecall(bits=6, min_items=3, max_items=3)
    inputs, targets, mask = (a[0] for a in task.sample(rng, 1))
    np.testing.assert_array_equal(inputs[:, 6].nonzero()[0], [0, 4, 8])
    np.testing.assert_array_equal(inputs[:, 7].nonzero()[0], [12, 16])
    assert (inputs[[0, 4, 8, 12, 16, 17, 18, 19], :6] == 0).all()
    a, b, c = inputs[1:4, :6], inputs[5:8, :6], inputs[9:12, :6]
    query, answer = inputs[13:16, :6], targets[17:20]
    assert any((query == x).all() and (answer == y).all() for x, y in ((a, b), (b, c)))
    np.testing.assert_array_equal(mask, [0] * 17 + [1] * 3)


def test_a_network_that_knows_the_items_but_not_their_order_has_about_4_wrong_bits(rng):
    batch = AssociativeRecall().sample(rng, 4000)
    wrong = []
    for inputs, targets, mask in zip(*batch, strict=True):
        items, *_ = solve(inputs, bits=6, vectors=3)
        majority = np.mean(items[1:], axis=0) > 0.5
        wrong.append((majority != targets[mask == 1]).sum())
    assert abs(np.mean(wrong) - 4.05) < 0.2
    chance = np.abs(batch.targets - 0.5)[batch.mask == 1].sum() / 4000
    assert chance == 9


def test_settings_have_that_many_items(rng):
    settings = AssociativeRecall().settings()
    assert [label["items"] for label, _ in settings] == [6, 12, 15, 20]
    for label, task in settings:
        assert (task.sample(rng, 3).inputs[..., 6].sum(1) == label["items"]).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"min_items": 1}, "min_items must be at least 2, got 1"),
        ({"min_items": 7}, "min_items=7 is larger than max_items=6"),
        ({"bits": 0}, "bits must be at least 1"),
        ({"vectors": 0}, "vectors must be at least 1"),
    ],
    ids=str,
)
def test_impossible_difficulty_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        AssociativeRecall(**fields)
