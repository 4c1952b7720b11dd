"""A user's own sequences: what is read, told apart, set apart, padded, noted and refused."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, own_sequences, small

from keras_s4ntm import build_model
from keras_s4ntm.data.targets import TARGET_KINDS
from keras_s4ntm.errors import BackendError, DataError, S4NTMWarning
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.export import Stream
from keras_s4ntm.models import MODELS
from keras_s4ntm.tasks import NPZ
from keras_s4ntm.tasks import ts_files as ts
from keras_s4ntm.tasks.arrays import read
from keras_s4ntm.tasks.base import SPLITS

once = pytest.mark.once
KINDS = ("classes", "tokens", "bits", "values")


def write(path, **arrays):
    """A file with these arrays; `None` is left out."""
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return str(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.npz"


def task(path, kind="classes", fields=(), **changes):
    """The task of small data, with some arrays changed."""
    return NPZ(write(path, **{**own_sequences(kind), **changes}), **dict(fields))


def one_after_the_other(arrays):
    """The same data without padding."""
    there = np.arange(7) < arrays["lengths"][:, None]
    per_step = arrays["targets"].ndim > 1
    targets = arrays["targets"][there] if per_step else arrays["targets"]
    return {**arrays, "inputs": arrays["inputs"][there], "targets": targets}


def experiment_of(path):
    """An LSTM on small data, which is written now."""
    data = write(path, **own_sequences())
    return Experiment.choose("npz", "lstm", {"data": data, "units": 4})


# Batches


@once
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_holds_the_sequences_of_the_file_and_marks_where_they_end(path, kind):
    arrays = own_sequences(kind)
    own = task(path, kind)
    assert own.target_kind == kind
    assert kind in TARGET_KINDS
    assert (own.input_size, own.output_size) == (
        2,
        {"classes": 3, "tokens": 2, "bits": 2}.get(kind, 1),
    )
    batch = own.batch("test", 0, 0, own.size("test"))
    for row, i in enumerate(own.learned[2]["test"]):
        length = arrays["lengths"][i]
        np.testing.assert_allclose(batch.inputs[row, :length], arrays["inputs"][i, :length], 1e-6)
        assert np.isnan(batch.inputs[row, length:]).all()
        if kind == "classes":
            assert batch.targets[row] == arrays["targets"][i]
            continue
        wanted = arrays["targets"][i, :length]
        np.testing.assert_allclose(batch.targets[row, :length], wanted, rtol=1e-6)
        assert (batch.targets[row, length:] == 0).all()
        assert batch.mask[row].tolist() == [1] * length + [0] * (7 - length)


@once
@pytest.mark.parametrize("kind", KINDS)
def test_padded_or_one_after_the_other_it_is_the_same(path, kind):
    padded, flat = task(path, kind), own_sequences(kind)
    flat = NPZ(write(path.with_name("flat.npz"), **one_after_the_other(flat)))
    for split in SPLITS:
        for own, other in zip(
            padded.batch(split, 1, 2, 5), flat.batch(split, 1, 2, 5), strict=True
        ):
            np.testing.assert_array_equal(own, other)
    assert padded.standardization == flat.standardization


@once
def test_training_shows_every_sequence_once_in_a_pass_and_the_next_in_another_order(path):
    own = task(path)
    count = own.size("train")
    first = own.batch("train", 0, 0, count)
    second = own.batch("train", 0, 1, count)
    for batch in (first, second):
        rows = {row.tobytes() for row in batch.inputs}
        assert len(rows) == count
    assert (np.nan_to_num(first.inputs) != np.nan_to_num(second.inputs)).any()
    across = own.batch("train", 0, 0, count + 3)  # a batch may go on into the next pass
    np.testing.assert_array_equal(across.inputs[count:], second.inputs[:3])


# Splits


@once
def test_what_is_set_apart_has_the_same_share_of_each_class_and_depends_on_the_seed(path):
    own = task(path)
    sequences, targets, rows = own.learned
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(sequences)))
    for split, count in (("test", 3), ("validation", 2)):  # of 16, and of the 13 that are left
        assert np.bincount(targets.array[rows[split]]).tolist() == [count] * 3
    assert replace(own).learned[2]["test"].tolist() == rows["test"].tolist()
    assert replace(own, split_seed=1).learned[2]["test"].tolist() != rows["test"].tolist()


@once
@pytest.mark.parametrize("names", [SPLITS, (0, 1, 2)])
def test_a_split_of_the_file_is_taken_as_it_is(path, names):
    split = np.arange(48) % 3
    rows = task(path, split=np.array(names)[split]).learned[2]
    for number, name in enumerate(SPLITS):
        assert rows[name].tolist() == np.flatnonzero(split == number).tolist()


@once
def test_what_the_file_does_not_set_apart_comes_from_training(path):
    split = np.where(np.arange(48) < 30, "train", "test")
    rows = task(path, split=split).learned[2]
    assert rows["test"].tolist() == list(range(30, 48))
    assert sorted([*rows["train"], *rows["validation"]]) == list(range(30))
    assert len(rows["validation"]) == 6


# Standardization, and what is noted


@once
def test_means_and_variances_are_those_of_the_training_sequences_alone(path):
    split = np.where(np.arange(48) < 30, "train", "test")
    arrays = own_sequences()
    arrays["inputs"][30:] += 1e6  # which no one may learn of
    own = NPZ(write(path, **arrays, split=split))
    steps = np.concatenate(
        [arrays["inputs"][i, : arrays["lengths"][i]] for i in own.learned[2]["train"]]
    )
    mean, variance, padded = own.standardization
    assert padded
    np.testing.assert_allclose(mean, steps.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, steps.var(axis=0), rtol=1e-4)
    plain = replace(own, standardize=False)
    assert plain.standardization == ([0.0, 0.0], [1.0, 1.0], True)


@once
def test_a_channel_that_never_changes_has_variance_1(path):
    arrays = own_sequences()
    arrays["inputs"][..., 1] = 7
    assert NPZ(write(path, **arrays)).standardization[1][1] == 1


@once
def test_a_run_keeps_what_was_noted_and_says_that_the_file_has_changed(path):
    experiment = experiment_of(path)
    config = json.loads(json.dumps(experiment.config()))
    kept = Experiment.from_config(config).task
    assert kept.facts == experiment.task.facts
    kept.batch("train", 0, 0, 2)
    arrays = own_sequences(seed=1)
    write(path, **arrays)
    changed = Experiment.from_config(config).task
    assert changed.standardization == experiment.task.standardization
    with pytest.warns(S4NTMWarning, match="has changed since the run was made"):
        batch = changed.batch("test", 0, 0, 2)
    assert batch.inputs.shape == (2, 7, 2)
    with pytest.raises(DataError, match="cannot be trained on"):
        changed.batch("train", 0, 0, 2)
    write(path, **{**arrays, "inputs": arrays["inputs"][..., :1]})
    with pytest.raises(DataError, match="has 1 channels, and the run was made with 2"):
        Experiment.from_config(config).task.batch("test", 0, 0, 2)
    path.unlink()
    assert Experiment.from_config(config).build_model().output_shape == (None, 3)


@once
@pytest.mark.parametrize(
    "noted",
    [
        {"sha256": 1}, {"kind": "colours"}, {"output_size": 0}, {"mean": [1.0]}, {"mean": "ab"},
        {"variance": [1.0, -1.0]}, {"padded": 1}, {"class_names": ["a"]},
        {"class_names": [1, 2, 3]}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_stranger_notes_is_checked(path, noted):
    config = experiment_of(path).config()
    config["task"]["noted"] = {**config["task"]["noted"], **noted}
    with pytest.raises((ValueError, TypeError)):
        Experiment.from_config(config)


@once
def test_a_task_without_data_notes_nothing_and_a_run_of_it_with_notes_is_refused():
    config = Experiment.choose("copy", "lstm").config()
    assert set(config["task"]) == {"name", "parameters"}
    config["task"]["noted"] = {"mean": [1.0]}
    with pytest.raises(ValueError, match="copy notes nothing of its data"):
        Experiment.from_config(config)


# Models


@pytest.mark.dealt
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["classes", "values"])
def test_no_model_sees_padding_and_a_stream_gives_the_same(path, name, kind):
    own = task(path, kind)
    model = build_model(name, own, **small(name))
    batch = own.batch("train", 0, 0, 3)
    whole = numpy(model(batch.inputs))
    assert np.isfinite(whole).all()
    lengths = (~np.isnan(batch.inputs[..., 0])).sum(axis=1)
    for i in {int(lengths.argmin()), int(lengths.argmax())}:
        alone = numpy(model(batch.inputs[i : i + 1, : lengths[i]]))[0]
        expected = whole[i] if kind == "classes" else whole[i, : lengths[i]]
        np.testing.assert_allclose(alone, expected, atol=1e-5)
    if MODELS[name].is_streamable({**MODELS[name].defaults(), **small(name)}):
        stream = Stream(model)
        step, states = compiled(stream.step), stream.initial_state(1)
        for t in range(lengths[i]):
            output, states = step(keras.ops.convert_to_tensor(batch.inputs[i : i + 1, t]), states)
        expected = whole[i] if kind == "classes" else whole[i, lengths[i] - 1]
        np.testing.assert_allclose(numpy(output)[0], expected, atol=1e-5)


@once
def test_where_all_sequences_have_one_length_there_is_no_mask_and_no_padding(path):
    arrays = {**own_sequences(), "lengths": np.full(48, 3)}
    own = NPZ(write(path, **arrays))
    assert own.batch("train", 0, 0, 4).inputs.shape == (4, 3, 2)
    assert not own.standardization[2]
    model = build_model("lstm", own, units=4)
    assert all(isinstance(one, keras.layers.Layer) for one in model.operations)
    kept = NPZ.restored({"data": own.data}, own.noted())
    write(path, **own_sequences())
    with pytest.raises(DataError, match="has sequences of different lengths, and the run"):
        kept.batch("test", 0, 0, 2)


# What the targets are


@once
@pytest.mark.parametrize(
    ("targets", "kind", "size"),
    [
        (np.arange(48) % 5, "classes", 5),
        (np.arange(48) % 2 == 0, "classes", 2),
        (np.array(["yes", "no", "maybe"])[np.arange(48) % 3], "classes", 3),
        (np.ones((48, 7), int) * (np.arange(7) % 4), "tokens", 4),
        (np.ones((48, 7), "U1") + np.array(list("abababa")), "tokens", 2),
        (np.ones((48, 7), bool), "bits", 1),
        (np.ones((48, 7, 3), int), "bits", 3),
        (np.ones((48, 7)), "values", 1),
        (np.ones((48, 7, 3), "float32"), "values", 3),
    ],
    ids=lambda value: str(getattr(value, "shape", value)),
)
def test_shape_and_type_of_the_targets_say_what_they_are(path, targets, kind, size):
    if targets.dtype.kind == "U" and targets.ndim == 2:
        targets = np.char.add("", np.broadcast_to(np.array(list("abababa")), (48, 7)))
    own = task(path, targets=targets)
    assert (own.target_kind, own.output_size) == (kind, size)


@once
def test_a_parameter_says_it_where_shape_and_type_do_not(path):
    ones = np.ones((48, 7, 2))
    assert task(path, targets=ones, fields={"targets": "bits"}).target_kind == "bits"
    whole = np.arange(48) % 3 * 1.0
    assert task(path, targets=whole, fields={"targets": "classes"}).class_names == ["0", "1", "2"]
    numbers = np.ones((48, 7), int) * np.arange(7)
    assert task(path, targets=numbers, fields={"targets": "values"}).target_kind == "values"


@once
def test_classes_have_the_names_of_the_file_or_those_that_their_targets_are(path):
    assert task(path, class_names=np.array(["x", "y", "z"])).class_names == ["x", "y", "z"]
    nine = np.arange(48) % 3 + 7
    own = task(path, targets=nine)
    assert own.class_names == ["7", "8", "9"]
    rows = own.learned[2]["test"]
    np.testing.assert_array_equal(own.batch("test", 0, 0, 99).targets, nine[rows] - 7)


# What is refused: the array, its shape, what is expected


def with_nan(*place):
    arrays = own_sequences()["inputs"]
    arrays[place] = np.nan
    return arrays


@once
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inputs": None}, "has no array `inputs`"),
        ({"inputs": np.ones((48, 7))}, r"inputs has shape \(48, 7\), and lengths sums to"),
        ({"inputs": np.ones((48, 7)), "lengths": None}, r"inputs has shape \(48, 7\); expected"),
        ({"inputs": np.ones(3)}, r"inputs has shape \(3,\); expected"),
        ({"inputs": np.full((48, 7, 2), "a")}, "inputs has type <U1; expected real numbers"),
        ({"inputs": with_nan(5, 1, 1)}, "is nan at sequence 5, time step 1, channel 1. Fill"),
        ({"inputs": with_nan(5, 1)}, "channel 0 and at 1 other places"),
        ({"inputs": own_sequences()["inputs"] * 1e300}, "inputs is -?inf at sequence 0"),
        ({"lengths": None}, "inputs is nan at sequence .* with `lengths` where sequences end"),
        ({"lengths": np.ones(48)}, r"lengths has shape \(48,\) and type float64; expected int"),
        ({"lengths": np.ones(5, int)}, r"lengths has shape \(5,\); expected \(48,\)"),
        ({"lengths": np.arange(48)}, r"lengths\[0\] is 0"),
        ({"lengths": np.full(48, 8)}, r"lengths\[0\] is 8; inputs has shape \(48, 7, 2\)"),
        ({"targets": None}, "has no array `targets`"),
        ({"targets": np.ones(5, int)}, r"targets has shape \(5,\); expected \(48,\)"),
        ({"targets": np.ones((48, 7, 2, 2))}, r"targets has shape \(48, 7, 2, 2\)"),
        ({"targets": np.ones(48)}, "targets are floating point numbers, one for each sequence"),
        ({"targets": np.zeros(48, int)}, "all targets are 0; there is nothing to tell apart"),
        ({"targets": np.full((48, 7, 2), 2)}, r"they are \[2, 2\], not 0 or 1"),
        ({"targets": np.full((48, 7), np.nan)}, "targets is nan at sequence 0, time step 0"),
        ({"class_names": np.array(["a", "b"])}, r"class 2, and class_names has shape \(2,\)"),
        ({"class_names": np.arange(3)}, r"class_names has shape \(3,\) and type int64"),
        ({"split": np.full(48, "valid")}, r"split\[0\] is 'valid'; expected 'train'"),
        ({"split": np.full(48, "test")}, "split has no 'train'"),
        ({"split": np.zeros(3, int)}, r"split has shape \(3,\); expected \(48,\)"),
        ({"targets": np.array([{}] * 48)}, "holds Python objects, which are never unpickled"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name_and_shape(path, changes, sentence):
    with pytest.raises(DataError, match=sentence):
        task(path, **changes).noted()


@once
def test_what_is_no_file_of_arrays_is_refused(path):
    with pytest.raises(ValueError, match="data: there is no file"):
        NPZ(str(path)).noted()
    with pytest.raises(DataError, match="Which data"):
        NPZ().batch("train", 0, 0, 1)
    path.write_text("nothing")
    with pytest.raises(DataError, match="it is none"):
        NPZ(str(path)).noted()


@once
@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("classes", {"targets": "bits"}, "cannot be bits: they are of each time step"),
        ("values", {"targets": "classes"}, r"cannot be classes: they are of each sequence"),
        ("values", {"targets": "tokens"}, r"have shape \(1,\) each; a class is one number"),
        ("values", {"targets": "bits"}, "not 0 or 1"),
    ],
)
def test_targets_of_another_kind_are_refused(path, kind, fields, sentence):
    with pytest.raises(DataError, match=sentence):
        task(path, kind, fields).noted()


@once
@pytest.mark.parametrize(
    "fields",
    [{"targets": "colours"}, {"test_share": 0.0}, {"validation_share": 1.0}, {"split_seed": -1}],
    ids=str,
)
def test_parameters_that_cannot_be_meant_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        NPZ(**fields)


@once
def test_three_sequences_are_the_least(path):
    arrays = {name: array[:2] for name, array in own_sequences().items()}
    with pytest.raises(DataError, match="has 2 sequences; training, validation and test need one"):
        NPZ(write(path, **arrays)).noted()


# .ts files


TS = """@problemName Small
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true left right
@data
1.0,2.0,3.0:4.0,5.0,6.0:left
7.0,8.0:9.0,10.0:right
"""


@once
def test_a_ts_file_stands_for_both_halves_where_they_lie_side_by_side(tmp_path):
    first, second = tmp_path / "Small_TRAIN.ts", tmp_path / "Small_TEST.ts"
    first.write_text(TS)
    assert ts.halves(first) == {None: first}
    second.write_text(TS)
    assert ts.halves(first) == ts.halves(second) == {"train": first, "test": second}


@once
def test_series_of_a_ts_file_have_their_channels_last(tmp_path):
    pytest.importorskip("aeon")
    for half in ("TRAIN", "TEST"):
        (tmp_path / f"Small_{half}.ts").write_text(TS)
    found = read(str(tmp_path / "Small_TRAIN.ts"))
    np.testing.assert_array_equal(found.lengths, [3, 2, 3, 2])
    np.testing.assert_array_equal(found.inputs[:5], [[1, 4], [2, 5], [3, 6], [7, 9], [8, 10]])
    assert found.targets.tolist() == ["left", "right"] * 2
    assert found.split.tolist() == [0, 0, 2, 2]
    (tmp_path / "Small_TEST.ts").write_text("nothing")
    with pytest.raises(DataError, match=r"Small_TEST.ts cannot be read as a .ts file"):
        read(str(tmp_path / "Small_TRAIN.ts"))


@once
def test_without_aeon_it_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "aeon.datasets", None)
    path = tmp_path / "small.ts"
    path.write_text(TS)
    with pytest.raises(BackendError, match=r"pip install 'keras-s4ntm\[aeon\]'"):
        read(str(path))
