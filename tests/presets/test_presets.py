"""Presets: which there are, and that every number of them is accepted and says why."""

import itertools

import keras
import numpy as np
import pytest
from helpers import also_slow, data_of, numpy, small, task_of
from registries import own_registries

from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import ParameterError, check_value, parameters_of
from keras_s4ntm.presets import AUTO, NONE, PRESETS, Number, find_preset, register_preset
from keras_s4ntm.tasks import BUILT_IN, TASKS
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.fit import compile_model

# To a model pmnist is as seq-mnist.
PAIRS = list(itertools.product(MODELS, [task for task in TASKS if task != "pmnist"]))
# A task of each kind of target; the others are slow.
EACH_KIND = ("copy", "multi-query-recall", "seq-mnist", "adding")
# Of these no preset is needed.
PLAIN = {"copy-memory", "adding", "frequency-discrimination", "char-lm", "npz"}


def settings(task, model, preset=AUTO):
    """All settings of an experiment by name: of the task, of the model, of training."""
    config = Experiment.choose(task, model, preset=preset).config()
    owners = (config["task"]["parameters"], config["model"]["parameters"], config["training"])
    return {name: value for owner in owners for name, value in owner.items()}


# All of them.


@pytest.mark.once
def test_there_is_a_preset_for_every_model_on_every_task_that_is_not_learned_from_a_plain_start():
    tasks = {task.name for task in BUILT_IN} - PLAIN
    assert set(PRESETS) == {(model, task) for model in MODELS for task in tasks}


@pytest.mark.once
@pytest.mark.parametrize("pair", PRESETS, ids="/".join)
def test_every_number_of_a_preset_is_known_accepted_another_than_the_default_and_says_why(pair):
    model, task = pair
    parameters = {
        **parameters_of(TASKS[task]),
        **MODELS[model].parameters,
        **parameters_of(TrainingConfig),
    }
    for name, number in PRESETS[pair].numbers.items():
        kind, default = parameters[name]
        accepted = check_value(name, number.value, kind)
        assert accepted == number.value
        assert type(accepted) is type(number.value), name
        assert number.value != default, name
        assert number.why[0].isupper(), name
        assert number.why[-1] == ".", name
        assert len(number.why.split()) > 2, name


@pytest.mark.once
@pytest.mark.parametrize(("model", "task"), PRESETS)
def test_an_experiment_has_every_number_of_its_preset(model, task):
    chosen = settings(task, model)
    for name, value in PRESETS[model, task].values().items():
        assert chosen[name] == value


def train_one_step(model, inputs, targets, weights):
    """One update, not compiled; on JAX, where that takes longest, only traced."""
    model.jit_compile, model.run_eagerly = False, True
    if keras.backend.backend() != "jax":
        before = [np.array(keras.ops.convert_to_numpy(w)) for w in model.trainable_weights]
        assert np.isfinite(model.train_on_batch(inputs, targets, weights)[0])
        after = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
        assert any((a != b).any() for a, b in zip(before, after, strict=True))
        return
    import jax

    data = (inputs, targets, weights)
    model._symbolic_build(data_batch=data)
    kinds = ("trainable", "non_trainable", "optimizer", "metrics")
    state = model._get_jax_state(**{f"{kind}_variables": True for kind in kinds})
    logs, _ = jax.eval_shape(model.train_step, state, data)
    assert logs["loss"].shape == ()


@pytest.mark.dealt
@pytest.mark.parametrize(
    ("model_name", "task_name"), also_slow(PAIRS, [pair for pair in PAIRS if pair[1] in EACH_KIND])
)
def test_every_model_trains_a_step_on_every_task_with_its_preset(model_name, task_name):
    task_of(task_name)  # or skips, where its data is not there
    values = {"warmup_steps": 0, **data_of(task_name)}
    experiment = Experiment.choose(task_name, model_name, values)
    pair = (model_name, task_name)
    assert experiment.preset == (PRESETS[pair].name if pair in PRESETS else None)
    batch = experiment.task.batch("train", 0, 0, 2)
    model = experiment.build_model()
    compile_model(model, experiment.task, experiment.training)
    steps = slice(-3, None)  # no model knows how long a sequence is
    if batch.mask is None:
        train_one_step(model, batch.inputs[:, steps], batch.targets, np.ones(2, "float32"))
    else:
        weights = np.ones((2, 3), "float32")
        train_one_step(model, batch.inputs[:, steps], batch.targets[:, steps], weights)


# How networks start: the numbers that results hang on.


WALKING = {
    "write_interpolation_bias": -6.0,
    "write_shift_bias": 8.0,
    "read_interpolation_bias": -3.0,
    "read_shift_bias": 3.0,
    "read_strength_bias": 3.0,
}
WALKING_FIRMLY = {
    **WALKING,
    "write_interpolation_bias": -10.0,
    "write_shift_bias": 13.0,
    "read_shift_bias": 8.0,
}
LOOKING_UP = {
    **WALKING,
    "read_interpolation_bias": [-3.0, 3.0],
    "read_shift_bias": [3.0, 0.0],
    "read_strength_bias": [3.0, 6.0],
}
ANSWERING = {
    "learning_rate": 4e-3,
    "epsilon": 1e-4,
    "solved_loss": 0.03,
    "clip_norm": 0.3,
    "patience": 3,
    "batch_size": 32,
    "blocks": 1,
    "dt_min": 0.1,
    "dt_max": 1.0,
    "dropout": 0.0,
    "memory_width": 32,
    "read_heads": 2,
    "order": "write-first",
    "output": "recent-reads",
    "access_interval": 1,
    "head_noise": 0.25,
    "input_variance": 4.0,
    "direct_inputs": True,
    "direct_content_variance": 4.0,
    "direct_addressing_variance": 1.0,
    "content_scale": 0.1,
    "initial_read_weights": "uniform",
}
NTM = {
    "steps": 1500,
    "patience": 6,
    "clip_norm": 0.3,
    "learning_rate": 3e-3,
    "epsilon": 1e-4,
    "solved_loss": 0.03,
    "units": 100,
    "memory_width": 20,
    "forget_bias": -2.0,
    "recurrent_gain": 0.1,
    "input_variance": 4.0,
    "head_noise": 0.25,
    "order": "read-first",
    "direct_inputs": False,
    "content_scale": 3.0,
    "initial_read_weights": "uniform",
    "write_interpolation_bias": -3.0,
    "write_shift_bias": 3.0,
    "read_interpolation_bias": 0.0,
    "read_shift_bias": 0.0,
    "read_strength_bias": 0.0,
}
DNC = {
    "batch_size": 8,
    "patience": 4,
    "clip_norm": 1.0,
    "epsilon": 1e-4,
    "solved_loss": 0.03,
    "forget_bias": -2.0,
    "recurrent_gain": 0.1,
    "input_variance": 4.0,
    "head_noise": 0.25,
    "order": "read-first",
    "free_gate_bias": -4.0,
    "allocation_gate_bias": 3.0,
    "write_gate_bias": 3.0,
    "backward_mode_bias": -2.0,
    "forward_mode_bias": 1.0,
    "read_key_scale": 3.0,
    "add_scale": 3.0,
}
IN_ORDER = {"steps": 800, "read_feedback": False, "zero_vectors": 0.3}
STARTS = {
    ("s4d-ntm", "copy"): {**ANSWERING, **WALKING_FIRMLY, **IN_ORDER},
    ("s4d-ntm", "repeat-copy"): {
        **ANSWERING, **WALKING_FIRMLY, "steps": 800, "read_feedback": True, "zero_vectors": 0.3,
    },
    ("s4d-ntm", "associative-recall"): {**ANSWERING, **WALKING, "steps": 1500},
    ("s4d-ntm", "multi-query-recall"): {**ANSWERING, **LOOKING_UP, "steps": 800},
    ("s4d-ntm", "dynamic-ngrams"): {**ANSWERING, **LOOKING_UP, "steps": 800},
    ("s4d-ntm", "seq-mnist"): {
        **WALKING, "steps": 4200, "batch_size": 64, "learning_rate": 4e-3, "weight_decay": 0.01,
        "epsilon": 1e-4, "clip_norm": 1.0, "report_interval": 30, "validation_interval": 840,
        "checkpoint_interval": 210, "validation_sequences": 6000, "blocks": 4, "dt_min": 1e-3,
        "dt_max": 0.1, "dropout": 0.05, "memory_width": 32, "read_heads": 1, "output": "all",
        "access_interval": 16, "head_noise": 0.25, "content_scale": 0.1,
    },
    ("ntm", "copy"): {**NTM, "output": "reads", "zero_vectors": 0.3},
    ("ntm", "repeat-copy"): {**NTM, "output": "all", "zero_vectors": 0.3},
    ("ntm", "associative-recall"): {**NTM, "output": "reads"},
    ("ntm", "multi-query-recall"): {**NTM, "output": "reads"},
    ("ntm-cached", "copy"): {**NTM, "output": "reads", "access_probability": 0.5},
    ("dnc", "copy"): {**DNC, "steps": 2500, "output": "reads", "zero_vectors": 0.3},
    ("dnc", "repeat-copy"): {**DNC, "steps": 2500, "output": "all", "zero_vectors": 0.3},
    ("dnc", "associative-recall"): {**DNC, "steps": 1500, "output": "reads"},
    ("dnc", "multi-query-recall"): {**DNC, "steps": 2500, "output": "reads"},
    ("s4d", "copy"): {
        "steps": 800, "learning_rate": 4e-3, "epsilon": 1e-4, "clip_norm": 1.0, "patience": 4,
        "blocks": 1, "dt_min": 0.1, "dt_max": 1.0, "dropout": 0.0, "input_variance": 4.0,
    },
    ("lstm", "copy"): {
        "steps": 1000, "learning_rate": 3e-3, "epsilon": 1e-4, "clip_norm": 1.0, "patience": 4,
        "units": [256, 256, 256],
    },
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("pair", STARTS, ids="/".join)
def test_the_numbers_that_results_hang_on_are_these(pair):
    chosen = settings(pair[1], pair[0])
    assert {name: chosen[name] for name in STARTS[pair]} == STARTS[pair]


@pytest.mark.once
def test_an_s4d_ntm_without_a_preset_looks_at_slot_0_with_the_usual_weights():
    plain = settings("copy", "s4d-ntm", NONE)
    assert {plain[name] for name in WALKING} == {0.0}
    assert (plain["content_scale"], plain["initial_read_weights"]) == (1.0, "first")
    assert (plain["head_noise"], plain["zero_vectors"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("task", "write", "read", "feedback"),
    [
        ("copy", (-10, 13), [(-3, 8, 3)] * 2, False),
        ("repeat-copy", (-10, 13), [(-3, 8, 3)] * 2, True),
        ("associative-recall", (-6, 8), [(-3, 3, 3)] * 2, False),
        ("multi-query-recall", (-6, 8), [(-3, 3, 3), (3, 0, 6)], False),
        ("seq-mnist", (-6, 8), [(-3, 3, 3)], False),
    ],
)
def test_what_a_preset_says_of_the_heads_is_what_their_weights_say(task, write, read, feedback):
    experiment = Experiment.choose(task, "s4d-ntm", small("s4d-ntm"))
    cell = experiment.build_model().get_layer("s4d_ntm").cell
    width = experiment.hyperparameters["memory_width"]
    strength, gate, forward = width, width + 1, width + 5

    writing = cell.access.write_head.split(cell.access.write_head.bias)[0, 0]
    assert tuple(numpy(writing)[[gate, forward]]) == write
    reading = numpy(cell.access.read_head.split(cell.access.read_head.bias))[0]
    assert [tuple(head[[gate, forward, strength]]) for head in reading] == read
    assert np.count_nonzero(reading) == np.count_nonzero(read)
    assert hasattr(cell.controller, "feedback_kernel") == feedback


@pytest.mark.parametrize("name", ["ntm", "dnc", "s4d-dnc"])
def test_where_the_same_is_recalled_several_times_the_controller_says_when_it_ends(name):
    for task, output in (("copy", "reads"), ("repeat-copy", "all"), ("seq-mnist", "all")):
        model = Experiment.choose(task, name, small(name)).build_model()
        assert model.get_layer(name.replace("-", "_")).cell.arguments.output == output


# How they are registered and found.


@pytest.mark.once
def test_of_a_number_that_two_groups_give_the_last_one_counts():
    with own_registries():
        common, own = {"steps": (10, "Few.")}, {"steps": (20, "More."), "units": (3, "Narrow.")}
        register_preset("ntm", ["one", "other"], common, own)
        for task in ("one", "other"):
            assert PRESETS["ntm", task].numbers == {
                "steps": Number(20, "More."),
                "units": Number(3, "Narrow."),
            }
            assert PRESETS["ntm", task].name == f"ntm/{task}"
    assert ("ntm", "one") not in PRESETS


@pytest.mark.once
def test_a_preset_that_there_is_already_is_refused_and_stays_as_it_was():
    before = PRESETS["ntm", "copy"]
    with own_registries(), pytest.raises(ValueError, match="a preset for ntm on copy already"):
        register_preset("ntm", "copy", {"steps": (1, "No.")})
    assert PRESETS["ntm", "copy"] is before


@pytest.mark.once
def test_a_preset_is_found_by_auto_none_or_the_name_of_a_task():
    assert find_preset("ntm", "copy", AUTO) is find_preset("ntm", "copy") is PRESETS["ntm", "copy"]
    assert find_preset("ntm", "copy", NONE) is None
    assert find_preset("ntm", "copy", "seq-mnist") is PRESETS["ntm", "seq-mnist"]
    assert find_preset("ntm", "a task of somebody else") is None
    with pytest.raises(ParameterError, match=r"Unknown preset of ntm 'coppy'. Did you mean 'copy'"):
        find_preset("ntm", "copy", "coppy")


@pytest.mark.once
def test_a_preset_that_names_what_there_is_not_is_refused_when_it_is_used():
    with own_registries():
        del PRESETS["ntm", "copy"]
        register_preset("ntm", "copy", {"memory_sise": (9, "A mistake in the name.")})
        with pytest.raises(ParameterError, match=r"'memory_sise'. Did you mean 'memory_size'"):
            Experiment.choose("copy", "ntm")
