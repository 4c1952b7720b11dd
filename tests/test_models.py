"""Every registered model, by name; a new one is covered by being registered."""

import dataclasses

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, share_of_this_backend, small

from keras_s4ntm import build_model
from keras_s4ntm.batches import Batches
from keras_s4ntm.bench import Row, start_model
from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import ParameterError
from keras_s4ntm.recipe import Recipe
from keras_s4ntm.runs import CONFIG_KEYS, Run
from keras_s4ntm.streaming import Stream
from keras_s4ntm.tasks import (
    AssociativeRecall,
    Copy,
    DynamicNgrams,
    MultiQueryRecall,
    RepeatCopy,
)
from keras_s4ntm.training import train

TASK = Copy(bits=3, max_length=4)
REPEATED = RepeatCopy(bits=3, max_length=2, max_repeats=2)


@dataclasses.dataclass(frozen=True)
class Classes:
    """What a model needs to know of a task with classes."""

    input_size = 5
    output_size = 3
    output = "classes"


KINDS = {"bits": TASK, "classes": Classes()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "bits") for name in MODELS),
        *((name, "classes") for name in share_of_this_backend(MODELS)),
    ],
)
def test_model_takes_any_batch_and_length_streams_and_does_not_see_the_future(rng, name, kind):
    model = build_model(name, KINDS[kind], **small(name))
    shape = (None, None, 3) if kind == "bits" else (None, 3)
    assert model.input_shape == (None, None, 5)
    assert model.output_shape == shape
    for batch, time in ((1, 3), (2, 7)):
        x = rng.normal(size=(batch, time, 5)).astype("float32")
        whole = numpy(model(x))
        assert whole.shape == ((batch, time, 3) if kind == "bits" else (batch, 3))
        assert np.isfinite(whole).all()
    stream = Stream(model)
    states = stream.initial_state(2)
    step = compiled(stream.step)
    for t in range(7):
        outputs, states = step(x[:, t], states)
        if kind == "bits":
            np.testing.assert_allclose(numpy(outputs), whole[:, t], atol=1e-5)
    if kind == "classes":
        np.testing.assert_allclose(numpy(outputs), whole, atol=1e-5)
        return
    changed = x.copy()
    changed[:, 4:] += 1
    after = numpy(model(changed))
    np.testing.assert_allclose(whole[:, :4], after[:, :4], atol=1e-6)
    assert (whole[:, 4:] != after[:, 4:]).any()


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="nothing compiles there")
@pytest.mark.parametrize("name", MODELS)
def test_model_resumed_from_a_checkpoint_ends_with_the_same_bits(name, tmp_path):
    recipe = Recipe(
        steps=4, batch_size=2, warmup_steps=0, report_interval=2, checkpoint_interval=2,
        validation_interval=4, validation_sequences=2,
    )  # fmt: skip
    run = Run.create(tmp_path / "run", dict.fromkeys(CONFIG_KEYS - {"format"}))

    def trained():
        """Every number of a model, newly built and trained, and of its optimizer."""
        model = build_model(name, TASK, **small(name))
        train(run, model, TASK, recipe, seed=0)
        return [numpy(v.value) for v in (*model.weights, *model.optimizer.variables)]

    expected = trained()
    assert run.checkpoints() == [1, 2]
    for lost in (*run.checkpoints_path.glob("epoch-00002*"), run.best_path, run.model_path):
        lost.unlink()
    resumed = trained()
    assert [record["step"] for record in run.read_history()] == [2, 4]
    for own, other in zip(resumed, expected, strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize(
    ("name", "more"),
    [("ntm-cached", {}), ("s4d-ntm", {"access_probability": 0.5}), ("s4d-ntm", {"dropout": 0.5})],
    ids=str,
)
def test_what_training_draws_at_random_follows_from_the_states_of_the_model(rng, name, more):
    model = build_model(name, TASK, **{**small(name), **more})
    x = rng.normal(size=(2, 20, TASK.input_size)).astype("float32")
    draws = [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]

    def trained():
        for number, state in enumerate(draws):
            state.assign(np.array([number, 7], "uint32"))
        return numpy(model(x, training=True))

    np.testing.assert_array_equal(trained(), first := trained())
    assert (numpy(model(x, training=True)) != first).any()


@pytest.mark.parametrize("name", MODELS if keras.backend.backend() == "torch" else ["s4d-ntm"])
def test_model_is_measured_by_bench(name):
    row = Row(name, keras.backend.backend(), 2, 10, small(name))
    run_steps, infer = start_model(row, TASK, Batches(TASK, "train", 0, 2, 10))
    assert len(run_steps(rounds=1, steps=1)) == 1
    assert infer().shape == (2, 10, 3)


def test_default_ntm_has_the_size_of_the_paper():
    model = build_model("ntm", Copy())
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert 60_000 < trainable < 70_000  # Graves 2014: 67,561


def test_default_s4d_ntm_is_small():
    model = build_model("s4d-ntm", Copy())
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) <= 40_000


def test_hyperparameters_reach_the_layer():
    model = build_model("ntm", TASK, memory_size=16, units=[5, 6], controller="feedforward")
    ntm = next(layer for layer in model.layers if layer.name == "ntm")
    config = ntm.get_config()
    assert config["memory_size"] == 16
    assert config["units"] == [5, 6]
    assert config["controller"] == "feedforward"


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("ntn", {}, "Unknown model 'ntn'. Did you mean 'ntm'?"),
        ("ntm", {"memory_sise": 3}, "Did you mean 'memory_size'"),
        ("ntm", {"memory_size": "many"}, "memory_size must be an integer, got 'many'"),
        ("ntm", {"memory_size": 12.5}, "memory_size must be an integer, got 12.5"),
        ("ntm", {"units": "3,x"}, "units must be an integer or integers separated by commas"),
    ],
)
def test_mistakes_in_names_and_values_are_explained(name, hyperparameters, message):
    with pytest.raises(ParameterError) as error:
        build_model(name, TASK, **hyperparameters)
    assert message in str(error.value)


def test_model_in_a_functional_model_with_fit(rng):
    inputs = keras.Input((None, 5))
    outputs = keras.layers.Dense(1)(build_model("ntm", TASK, memory_size=8, units=8)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mse")
    x = rng.normal(size=(4, 5, 5)).astype("float32")
    assert np.isfinite(model.fit(x, x[..., :1], verbose=0).history["loss"]).all()


@pytest.mark.parametrize(
    ("task", "heads", "feedback"),
    [
        (TASK, "keep-walking", False),
        (REPEATED, "keep-walking", True),
        (AssociativeRecall(), "walk-and-search", False),
        (MultiQueryRecall(), "walk-and-look-up", False),
        (DynamicNgrams(), "walk-and-look-up", False),
        (Classes(), "walk-and-search", False),
    ],
)
def test_how_s4d_ntm_starts_follows_from_how_a_task_asks_for_what_was_heard(task, heads, feedback):
    cell = build_model("s4d-ntm", task, **small("s4d-ntm")).get_layer("s4d_ntm").cell
    assert cell.access.initial_heads == heads
    assert cell.read_feedback == feedback


@pytest.mark.parametrize("name", ["ntm", "dnc", "s4d-dnc"])
def test_where_the_same_is_recalled_several_times_the_controller_says_when_it_ends(name):
    for task, output in ((TASK, "reads"), (REPEATED, "all"), (Classes(), "all")):
        layer = build_model(name, task, **small(name)).get_layer(name.removeprefix("s4d-"))
        assert layer.cell.output_argument == output
