"""Curriculum: how the difficulty of training grows, on every task that has more than one."""

import keras
import numpy as np
import pytest

from keras_s4ntm.batches import Batches
from keras_s4ntm.cli.main import main
from keras_s4ntm.curriculum import Curriculum, with_curriculum
from keras_s4ntm.recipe import Recipe
from keras_s4ntm.runs import CONFIG_KEYS, Run
from keras_s4ntm.tasks import TASKS, Copy, SeqMNIST
from keras_s4ntm.training import train

SYNTHETIC = [name for name, task in TASKS.items() if task().size("train") is None]
UNIFORM = Recipe(steps=100, curriculum="uniform")
LOOK_BACK = Recipe(steps=100, curriculum="look-back")


def lengths(batch):
    """The difficulty of each sequence of copy."""
    return batch.mask.sum(1).astype(int)


def test_the_current_difficulty_grows_by_one_at_a_time_until_half_of_the_training():
    lessons = Curriculum(Copy(min_length=3, max_length=9), UNIFORM)
    current = [lessons.levels[lessons.current(i)].max_length for i in range(100)]
    assert current[0] == 3
    assert set(np.diff(current)) == {0, 1}
    assert current.index(9) == 50
    assert current[-1] == 9


def test_uniform_draws_every_difficulty_up_to_the_current_one():
    lessons = Curriculum(Copy(max_length=9), UNIFORM)
    for index, current in ((0, 1), (25, 5), (99, 9)):
        drawn = lengths(lessons.batch("train", 0, index, 6000))
        assert len(drawn) == 6000
        shares = np.bincount(drawn)[1:] / 6000
        np.testing.assert_allclose(shares, np.full(current, 1 / current), atol=0.03)


def test_look_back_draws_the_current_difficulty_and_any_before_it_at_times():
    lessons = Curriculum(Copy(max_length=9), LOOK_BACK)
    shares = np.bincount(lengths(lessons.batch("train", 0, 25, 6000)))[1:] / 6000
    np.testing.assert_allclose(shares, [0.02, 0.02, 0.02, 0.02, 0.92], atol=0.01)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_every_batch_has_the_shape_of_the_task_and_is_a_function_of_seed_and_index(name):
    task = TASKS[name]()
    own = task.batch("train", 0, 0, 4)
    lessons = Curriculum(task, LOOK_BACK)
    for index in (0, 20, 99):
        batch = lessons.batch("train", 1, index, 4)
        for array, expected in zip(batch, own, strict=True):
            assert array.dtype == expected.dtype
            assert array.shape == expected.shape
        again = Curriculum(task, LOOK_BACK).batch("train", 1, index, 4)
        for array, same in zip(batch, again, strict=True):
            np.testing.assert_array_equal(array, same)
        for seed, other in ((2, index), (1, index + 1)):
            assert (lessons.batch("train", seed, other, 4).inputs != batch.inputs).any()
        assert batch.mask.any(axis=1).all()


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_easiest_difficulty_is_shorter_or_asks_for_less_than_the_hardest(name):
    levels = TASKS[name]().levels()
    asked = [level.sample(np.random.default_rng(0), 1).inputs.shape[1] for level in levels]
    assert asked == sorted(asked)
    easiest, hardest = (
        level.sample(np.random.default_rng(0), 200).mask.sum(1).mean()
        for level in (levels[0], levels[-1])
    )
    assert (asked[0], easiest) < (asked[-1], hardest)


def test_without_a_curriculum_the_task_is_used_as_it_is():
    task = Copy()
    assert with_curriculum(task, Recipe()) is task


def test_training_sees_the_lessons_and_validation_the_task(tmp_path, monkeypatch):
    seen = []
    get = Batches.__getitem__
    monkeypatch.setattr(
        Batches,
        "__getitem__",
        lambda self, i: (
            seen.append((self.split, type(self.task).__name__, self.first + i)),
            get(self, i),
        )[1],
    )
    task = Copy(bits=2, max_length=3)
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    run = Run.create(tmp_path / "run", dict.fromkeys(CONFIG_KEYS - {"format"}))
    recipe = Recipe(steps=2, batch_size=2, validation_sequences=2, curriculum="uniform")
    train(run, model, task, recipe, seed=0)
    training = {entry for entry in seen if entry[0] == "train"}
    assert training == {("train", "Curriculum", 0), ("train", "Curriculum", 1)}
    assert {entry[1] for entry in seen if entry[0] == "validation"} <= {"Copy"}


def test_a_task_of_one_difficulty_and_an_unknown_curriculum_are_refused(tmp_path, capfd):
    with pytest.raises(ValueError, match="seq-mnist has one difficulty only"):
        with_curriculum(SeqMNIST(), UNIFORM)
    with pytest.raises(ValueError, match="curriculum must be one of 'none', 'uniform'"):
        Recipe(curriculum="steep")
    run = str(tmp_path / "run")
    for arguments, sentence in (
        (["seq-mnist", "--curriculum", "uniform"], "leave out --curriculum"),
        (["copy", "--curriculum", "steep"], "steep"),
    ):
        with pytest.raises(SystemExit) as exit:
            main(["train", *arguments, "--run-dir", run])
        assert exit.value.code == 2
        assert sentence in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
