"""Every registered model, by name; a new one is covered by being registered."""

import dataclasses

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, small
from registries import own_registries

from keras_s4ntm import build_model
from keras_s4ntm.backend import process
from keras_s4ntm.benchmark.measure import start_model
from keras_s4ntm.benchmark.rows import Row
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.export import Stream
from keras_s4ntm.models import MODELS, Sizes, register_model
from keras_s4ntm.parameters import ParameterError
from keras_s4ntm.runs import Run
from keras_s4ntm.tasks import Copy
from keras_s4ntm.training.fit import train

TASK = Copy(bits=3, max_length=4)


@dataclasses.dataclass(frozen=True)
class Classes:
    """What a model needs to know of a task with classes."""

    input_size = 5
    output_size = 3
    target_kind = "classes"


KINDS = {"bits": TASK, "classes": Classes()}


@pytest.mark.dealt
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_model_takes_any_batch_and_length_streams_and_does_not_see_the_future(rng, name, kind):
    defaults = MODELS[name].defaults()
    assert MODELS[name].is_causal(defaults)
    assert MODELS[name].is_streamable(defaults)
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


@pytest.mark.parametrize("name", ["s4d-ntm", "s4d-dnc"])
def test_model_that_accesses_its_memory_after_the_sequence_sees_the_future_and_says_so(rng, name):
    hyperparameters = {
        **MODELS[name].defaults(),
        **small(name),
        "access_interval": "sequence",
        "memory_initializer": "random_normal",
    }
    assert not MODELS[name].is_causal(hyperparameters)
    assert not MODELS[name].is_streamable(hyperparameters)
    model = build_model(name, TASK, **hyperparameters)
    x = rng.normal(size=(2, 7, 5)).astype("float32")
    whole = numpy(model(x))
    x[:, 4:] += 1
    assert np.abs(numpy(model(x)) - whole)[:, :4].max() > 1e-4
    with pytest.raises(ValueError, match="cannot run step by step"):
        Stream(model).initial_state(2)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="nothing compiles there")
@pytest.mark.parametrize("name", MODELS)
def test_model_resumed_from_a_checkpoint_ends_with_the_same_bits(name, tmp_path):
    values = {
        **small(name), "bits": 3, "max_length": 4, "steps": 4, "batch_size": 2, "warmup_steps": 0,
        "report_interval": 2, "checkpoint_interval": 2, "validation_interval": 4,
        "validation_sequences": 2,
    }  # fmt: skip
    experiment = Experiment.choose("copy", name, values)
    run = Run.create(tmp_path / "run", experiment, keras.backend.backend())

    def trained():
        """Every number of a model, newly built and trained, and of its optimizer."""
        model = experiment.build_model()
        train(run, model)
        return [numpy(v.value) for v in (*model.weights, *model.optimizer.variables)]

    expected = trained()
    assert run.checkpoints() == [1, 2]
    for lost in (*run.checkpoints_path.glob("epoch-00002*"), run.best_path, run.model_path):
        lost.unlink()
    resumed = trained()
    assert [record["step"] for record in run.read_history()] == [2, 4]
    for own, other in zip(resumed, expected, strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.dealt
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("ntm-cached", {"head_noise": 0.25}),
        ("ntm-cached", {}),
        ("s4d-ntm", {"access_probability": 0.5}),
        ("s4d-ntm", {"dropout": 0.5}),
    ],
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


@pytest.mark.once
@pytest.mark.parametrize("name", MODELS if keras.backend.backend() == "torch" else ["s4d-ntm"])
def test_model_is_measured_by_bench(name, monkeypatch):
    monkeypatch.setattr(process, "keep_freed_memory", lambda: None)  # of this process
    row = Row(name, keras.backend.backend(), 2, 10, small(name))
    fit, infer, _ = start_model(row)
    assert len(fit(rounds=1, steps=1)) == 1
    assert infer().shape == (2, 10, 8)


def size_of(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_default_ntm_has_the_size_of_the_paper():
    assert 60_000 < size_of(build_model("ntm", Copy())) < 70_000  # Graves 2014: 67,561


def test_s4d_ntm_is_small_with_its_preset_too():
    assert size_of(build_model("s4d-ntm", Copy())) <= 40_000
    assert size_of(Experiment.choose("copy", "s4d-ntm").build_model()) <= 40_000


@pytest.mark.parametrize("name", ["ntm", "dnc"])
def test_hyperparameters_reach_the_layer(name):
    model = build_model(name, TASK, memory_size=16, units=[5, 6], controller="feedforward")
    layer = next(layer for layer in model.layers if layer.name == name)
    config = layer.get_config()
    assert config["memory_size"] == 16
    assert config["units"] == [5, 6]
    assert config["controller"] == "feedforward"


@pytest.mark.once
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


# A model never asks which task it serves.


class Secretive:
    """A task that tells its sizes, and nothing else."""

    input_size = 5
    output_size = 3
    target_kind = "bits"
    standardization = None

    def __getattr__(self, name):
        raise AssertionError(f"a model asked its task for {name}")


@pytest.mark.parametrize("name", MODELS)
def test_model_is_built_from_the_sizes_of_a_task_alone(name):
    assert build_model(name, Secretive(), **small(name)).output_shape == (None, None, 3)


@pytest.mark.once
def test_the_function_of_a_model_gets_sizes_and_hyperparameters_and_nothing_else():
    got = []
    with own_registries():

        @register_model("recording")
        def recording(*arguments, width: int = 3):
            """Records what it is given."""
            got.append((arguments, width))

        build_model("recording", TASK, width="4")
    assert got == [((Sizes(5, 3, "bits"),), 4)]
    assert type(got[0][0][0]) is Sizes
