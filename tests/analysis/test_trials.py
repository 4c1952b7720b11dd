"""Measures for which the network runs again: each against an answer that is known."""

import keras
import numpy as np
import pytest
from helpers import task_of

from keras_s4ntm.analysis import capacity, intervene, memory_share, replace, robustness, trace
from keras_s4ntm.analysis.answers import errors
from keras_s4ntm.analysis.samples import results_and_answers, trace_test
from keras_s4ntm.analysis.trials import lengths_beyond, training_length
from keras_s4ntm.evaluation.evaluate import evaluate
from keras_s4ntm.layers import NTM
from keras_s4ntm.models import build_model
from keras_s4ntm.tasks import TASKS, AssociativeRecall, Copy, DynamicNgrams, MultiQueryRecall

TASK = Copy(bits=2, max_length=3)
SHORT = Copy(bits=2, max_length=1)  # 4 time steps


class Copier:
    """Copies sequences of up to `longest` vectors; of longer ones it gets one bit wrong."""

    def __init__(self, longest):
        self.longest = longest
        self.times = []  # how many time steps its inputs had

    def predict(self, inputs, **options):
        self.times.append(inputs.shape[1])
        outputs = np.full((*inputs.shape[:2], 2), -1.0)
        for sequence, output in zip(inputs, outputs, strict=True):
            length = int(sequence[:, -1].argmax()) - 1
            vectors = sequence[1 : 1 + length, :2]
            output[length + 2 : 2 * length + 2] = 2 * vectors - 1
            if length > self.longest:
                output[length + 2, 0] *= -1
        return outputs


@pytest.fixture
def model():
    return build_model("ntm", SHORT, units=6, memory_size=8, memory_width=4)


@pytest.mark.once
@pytest.mark.parametrize("longest", [0, 1, 2, 3, 5, 6, 11, 23, 24])
def test_capacity_is_the_longest_length_without_an_error(longest):
    copier = Copier(longest)
    assert capacity(copier, TASK, sequences=2) == longest
    assert capacity(copier, TASK, sequences=2, causal=False) == longest
    assert len(copier.times) < 20


@pytest.mark.once
def test_capacity_ends_at_its_limit_and_compiles_little():
    copier = Copier(1000)
    assert capacity(copier, TASK, sequences=2) == 24  # 8 times the training length
    assert capacity(copier, TASK, sequences=2, limit=2) == 2
    assert set(copier.times) <= {8, 16, 32, 64}


@pytest.mark.once
def test_capacity_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match="can only be guessed"):
        capacity(Copier(3), DynamicNgrams())
    with pytest.raises(ValueError, match="one length only"):
        capacity(Copier(3), task_of("seq-mnist"))


@pytest.mark.once
def test_every_task_of_several_lengths_says_what_its_length_in_training_is():
    assert training_length(Copy()) == ("length", 20)
    assert training_length(AssociativeRecall()) == ("items", 6)
    assert training_length(MultiQueryRecall())[0] == "length"
    for name in set(TASKS) - {"seq-mnist", "pmnist", "npz"}:
        task = TASKS[name]()
        _, trained = training_length(task)
        lengths = lengths_beyond(task)
        assert {trained, 2 * trained} <= set(lengths)
        assert [label for label, _ in task.settings(lengths)]
    assert lengths_beyond(Copy()) == [10, 20, 40, 60, 80, 100, 120]


def test_the_share_of_the_memory_is_what_the_rest_does_not_explain(model):
    traced = trace_test(model, ({}, SHORT), sequences=16)
    found = memory_share(model, traced)
    without = intervene(model, traced.inputs, replace("read_vectors", 0)).outputs
    scored = traced.target_mask
    a, b = (x[scored] - x[scored].mean(axis=0) for x in (traced.outputs, without))
    r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    assert found["share"] == pytest.approx(1 - r**2, abs=1e-4)
    assert found["share"] > 1e-3
    wrong = ((without > 0) != (traced.targets > 0.5))[scored].sum() / 16
    assert found["errors_without"] == pytest.approx(wrong)
    assert found["errors"] == errors(traced)


@pytest.mark.once
def test_outputs_that_do_without_the_memory_have_no_share_of_it(rng):
    inputs = keras.Input((6, 3))
    memory = NTM(4, memory_size=5, memory_width=3, return_sequences=True)(inputs)
    outputs = keras.layers.Dense(2)(inputs) + 0 * keras.layers.Dense(2)(memory)
    model = keras.Model(inputs, outputs)
    traced = trace(model, rng.normal(size=(4, 6, 3)).astype("float32"))
    assert memory_share(model, traced) == {"share": pytest.approx(0, abs=1e-6)}


def test_robustness_is_the_errors_with_flipped_inputs_and_with_noise(model):
    traced = trace_test(model, ({}, SHORT), sequences=8)
    found = robustness(model, traced, flipped=(0, 1), noise=(0,))
    outputs = model.predict(1 - traced.inputs, verbose=0)
    wrong = ((outputs > 0) != (traced.targets > 0.5))[traced.target_mask].sum() / 8
    assert found == {
        "flipped_inputs": {"0": errors(traced), "1": pytest.approx(wrong)},
        "memory_noise": {"0": errors(traced)},
    }


@pytest.mark.once
def test_inputs_that_are_no_bits_are_not_flipped_and_targets_are_needed(rng):
    memory = {"memory_size": 5, "memory_width": 3, "memory_initializer": "random_normal"}
    layer = NTM(4, **memory, return_sequences=True)
    traced = trace(layer, rng.normal(size=(2, 3, 3)).astype("float32"))
    with pytest.raises(ValueError, match="has no targets"):
        robustness(layer, traced)
    traced.arrays["targets"] = (traced.outputs > 0).astype("float32")
    found = robustness(layer, traced, noise=(1000.0,))
    assert set(found) == {"memory_noise"}
    assert found["memory_noise"]["1000"] > errors(traced) == 0


@pytest.mark.once
def test_answers_are_those_that_evaluate_scores(model):
    options = {"seed": 3, "sequences": 4, "lengths": [2, 3]}
    results, answers = results_and_answers(model, TASK, [1], **options)
    assert results == evaluate(model, TASK, **options)
    (answer,) = answers
    assert answer.about == {"target_kind": "bits", "length": 3}
    alone = evaluate(model, TASK, seed=3, sequences=1, lengths=[3])[0]
    assert errors(answer) == alone["bits_per_sequence"]
