"""Curriculum: how the difficulty of training grows, on every task that has more than one."""

import keras
import numpy as np
import pytest

from keras_s4ntm.cli.main import main
from keras_s4ntm.data.batches import Batches
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.runs import Run
from keras_s4ntm.tasks import TASKS, Copy, SeqMNIST, Task
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.curriculum import Curriculum, with_curriculum
from keras_s4ntm.training.fit import train

WITH_LEVELS = [name for name, task in TASKS.items() if task.levels is not Task.levels]
UNIFORM = TrainingConfig(steps=100, curriculum="uniform")
LOOK_BACK = TrainingConfig(steps=100, curriculum="look-back")


def lengths(batch):
    """The difficulty of each sequence of copy."""
    return batch.mask.sum(1).astype(int)


@pytest.mark.once
def test_the_current_difficulty_grows_by_one_at_a_time_until_half_of_the_training():
    curriculum = Curriculum(Copy(min_length=3, max_length=9), UNIFORM)
    current = [curriculum.levels[curriculum.current(i)].max_length for i in range(100)]
    assert current[0] == 3
    assert set(np.diff(current)) == {0, 1}
    assert current.index(9) == 50
    assert current[-1] == 9


@pytest.mark.once
def test_uniform_draws_every_difficulty_up_to_the_current_one():
    curriculum = Curriculum(Copy(max_length=9), UNIFORM)
    for index, current in ((0, 1), (25, 5), (99, 9)):
        drawn = lengths(curriculum.batch("train", 0, index, 6000))
        assert len(drawn) == 6000
        shares = np.bincount(drawn)[1:] / 6000
        np.testing.assert_allclose(shares, np.full(current, 1 / current), atol=0.03)


@pytest.mark.once
def test_look_back_draws_the_current_difficulty_and_any_before_it_at_times():
    curriculum = Curriculum(Copy(max_length=9), LOOK_BACK)
    shares = np.bincount(lengths(curriculum.batch("train", 0, 25, 6000)))[1:] / 6000
    np.testing.assert_allclose(shares, [0.02, 0.02, 0.02, 0.02, 0.92], atol=0.01)


@pytest.mark.once
@pytest.mark.parametrize("name", WITH_LEVELS)
def test_every_batch_has_the_shape_of_the_task_and_is_a_function_of_seed_and_index(name):
    task = TASKS[name]()
    own = task.batch("train", 0, 0, 4)
    curriculum = Curriculum(task, LOOK_BACK)
    for index in (0, 20, 99):
        batch = curriculum.batch("train", 1, index, 4)
        for array, expected in zip(batch, own, strict=True):
            assert array.dtype == expected.dtype
            assert array.shape == expected.shape
        again = Curriculum(task, LOOK_BACK).batch("train", 1, index, 4)
        for array, same in zip(batch, again, strict=True):
            np.testing.assert_array_equal(array, same)
        for seed, other in ((2, index), (1, index + 1)):
            assert (curriculum.batch("train", seed, other, 4).inputs != batch.inputs).any()
        assert batch.mask.any(axis=1).all()


@pytest.mark.once
@pytest.mark.parametrize("name", WITH_LEVELS)
def test_the_easiest_difficulty_is_shorter_or_asks_for_less_than_the_hardest(name):
    levels = TASKS[name]().levels()
    asked = [level.sample(np.random.default_rng(0), 1).inputs.shape[1] for level in levels]
    assert asked == sorted(asked)
    easiest, hardest = (
        level.sample(np.random.default_rng(0), 200).mask.sum(1).mean()
        for level in (levels[0], levels[-1])
    )
    assert (asked[0], easiest) < (asked[-1], hardest)


@pytest.mark.once
def test_without_a_curriculum_the_task_is_used_as_it_is():
    task = Copy()
    assert with_curriculum(task, TrainingConfig()) is task


@pytest.mark.once
def test_training_sees_the_curriculum_and_validation_the_task(tmp_path, monkeypatch):
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
    values = {
        "bits": 2, "max_length": 3, "units": 4, "steps": 2, "batch_size": 2,
        "validation_sequences": 2, "curriculum": "uniform",
    }  # fmt: skip
    experiment = Experiment.choose("copy", "lstm", values)
    run = Run.create(tmp_path / "run", experiment, keras.backend.backend())
    train(run, experiment.build_model())
    training = {entry for entry in seen if entry[0] == "train"}
    assert training == {("train", "Curriculum", 0), ("train", "Curriculum", 1)}
    assert {entry[1] for entry in seen if entry[0] == "validation"} == {"Copy"}


@pytest.mark.once
def test_a_task_of_one_difficulty_is_refused_before_anything_is_begun():
    with pytest.raises(ValueError, match="seq-mnist has one difficulty only"):
        with_curriculum(SeqMNIST(), UNIFORM)
    with pytest.raises(ValueError, match=r"seq-mnist has one difficulty only; .* --curriculum"):
        Experiment.choose("seq-mnist", "lstm", {"curriculum": "uniform"})
    with pytest.raises(ValueError, match="curriculum must be one of 'none', 'uniform'"):
        Experiment.choose("copy", "lstm", {"curriculum": "steep"})


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["seq-mnist", "--curriculum", "uniform"], "leave out --curriculum"),
        (["copy", "--curriculum", "steep"], "steep"),
    ],
)
def test_the_command_line_refuses_it_and_makes_no_run(tmp_path, capfd, arguments, sentence):
    with pytest.raises(SystemExit) as exit:
        main(["train", *arguments, "--run-dir", str(tmp_path / "run")])
    assert exit.value.code == 2
    assert sentence in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
