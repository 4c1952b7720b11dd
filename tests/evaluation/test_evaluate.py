"""The evaluation: figures at every setting, whatever else is evaluated beside it."""

import numpy as np
import pytest
from helpers import numpy, small

from keras_s4ntm.data.padding import pad
from keras_s4ntm.evaluation.evaluate import evaluate
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.tasks import Batch, CharLM, Copy, DynamicNgrams, SelectiveCopy, char_lm


class Answering:
    """In the place of a model: answers with what a function makes of the inputs."""

    def __init__(self, answer):
        self.answer = answer
        self.shapes = []

    def predict(self, inputs, batch_size, verbose):
        self.shapes.append(inputs.shape)
        return self.answer(inputs)


@pytest.mark.once
def test_evaluation_of_tokens_counts_wrong_answers_at_every_setting():
    task = SelectiveCopy(vocabulary=5, tokens=2, length=4)

    def right_but_for_the_last(inputs):
        tokens = inputs.argmax(-1)
        answers = np.zeros_like(tokens)
        for row, sequence in zip(answers, tokens, strict=True):
            row[sequence == 4] = [t for t in sequence if t in (1, 2, 3)]
            row[np.flatnonzero(sequence == 4)[-1]] = 0
        return np.eye(5, dtype="float32")[answers]

    results = evaluate(Answering(right_but_for_the_last), task, sequences=6)
    for length, row in zip((4, 8), results, strict=True):
        assert row == {
            "length": length, "token_accuracy": 0.5, "sequence_accuracy": 0.0, "sequences": 6,
        }  # fmt: skip


@pytest.mark.once
def test_evaluation_of_ngrams_puts_the_cost_of_the_optimal_predictor_beside_the_models():
    task = DynamicNgrams(n=3, length=40)

    def optimal(inputs):
        """What the best predictor says, which needs no more than the inputs at every step."""
        bits = np.concatenate([inputs[:, 1:], inputs[:, -1:]], axis=1)
        return task.optimal(Batch(inputs, bits)).astype("float32")

    for row in evaluate(Answering(optimal), task, sequences=50):
        assert set(row) == {
            "length", "bits_per_sequence", "bit_error_rate", "sequence_accuracy", "sequences",
            "cost", "optimal_cost",
        }  # fmt: skip
        assert row["cost"] == pytest.approx(row["optimal_cost"], rel=1e-6)
    (guessing,) = evaluate(Answering(np.zeros_like), task, sequences=5, lengths=[40])
    assert guessing["cost"] == pytest.approx(38)
    assert guessing["optimal_cost"] < 38


# How settings of different lengths share a prediction, or do not.


@pytest.mark.once
def test_settings_of_a_causal_model_share_one_shape_and_those_of_another_are_not_padded():
    task = Copy(bits=3, max_length=2)
    together, apart = (Answering(lambda inputs: inputs[..., :3]) for _ in range(2))
    for model, causal in ((together, True), (apart, False)):
        evaluate(model, task, sequences=5, lengths=[2, 6], causal=causal)
    assert together.shapes == [(10, 14, 5)]
    assert apart.shapes == [(5, 6, 5), (5, 14, 5)]


@pytest.mark.once
def test_of_a_text_there_are_fewer_long_windows_than_short_ones(monkeypatch):
    """Of 61 characters 0, 1, 2, ... 60 are predicted, in six windows of 10 or two of 30."""
    monkeypatch.setitem(char_lm.TEXT_LENGTHS, "test", 61)
    monkeypatch.setattr(char_lm, "tokens", lambda split: np.arange(61, dtype="int32"))
    model = Answering(lambda inputs: 100 * np.roll(inputs, 1, axis=-1))
    for row, count in zip(evaluate(model, CharLM(10), lengths=[10, 30]), (6, 2), strict=True):
        assert (row["sequences"], row["token_accuracy"]) == (count, 1)
        assert row["bits_per_character"] == pytest.approx(0)
    assert model.shapes == [(8, 30, 65)]


@pytest.mark.once
def test_sequences_of_classes_are_not_padded_since_the_one_answer_is_about_all_steps():
    class Majority:
        """Which of two channels is on more often; a task with settings of two lengths."""

        target_kind, class_names = "classes", None

        def __init__(self, length):
            self.length = length

        def size(self, split):
            return None

        def settings(self, lengths=None):
            return [({"length": n}, Majority(n)) for n in lengths]

        def batch(self, split, seed, index, batch_size):
            classes = np.arange(batch_size) % 2
            inputs = np.repeat(np.eye(2, dtype="float32")[classes][:, None], self.length, axis=1)
            return Batch(inputs, classes.astype("int32"))

    model = Answering(lambda inputs: inputs.mean(axis=1) - [0.0, 0.4])  # padded: class 0 only
    for row in evaluate(model, Majority(4), sequences=6, lengths=[4, 12]):
        assert row["accuracy"] == 1
    assert model.shapes == [(6, 4, 2), (6, 12, 2)]


@pytest.mark.once
def test_what_a_model_that_sees_the_whole_sequence_gives_does_not_depend_on_the_other_lengths():
    values = {
        **small("s4d-ntm"), "access_interval": "sequence", "memory_initializer": "random_normal",
        "learn_initial_memory": True, "output": "all", "n": 3, "length": 12,
    }  # fmt: skip
    experiment = Experiment.choose("dynamic-ngrams", "s4d-ntm", values)
    assert not experiment.is_causal
    model, task = experiment.build_model(), experiment.task
    memory = model.get_layer("s4d_ntm").cell.access.memory.initial
    memory.assign(40 * memory)  # so that what is read tells

    def cost_of_the_first(lengths, causal):
        figures = evaluate(model, task, sequences=64, lengths=lengths, causal=causal)[0]
        return figures["cost"]

    alone = cost_of_the_first([12], causal=experiment.is_causal)
    beside = cost_of_the_first([12, 36], causal=experiment.is_causal)
    padded = cost_of_the_first([12, 36], causal=True)
    assert beside == pytest.approx(alone, rel=1e-6)
    assert padded != pytest.approx(alone, rel=1e-3)  # it is another sequence
    inputs = task.batch("test", 0, 0, 8).inputs
    plain, longer = (numpy(model(x)) for x in (inputs, pad(inputs, 35)))
    assert np.abs(plain - longer[:, : inputs.shape[1]]).max() > 1e-2


def test_what_a_causal_model_gives_does_not_depend_on_the_other_lengths_either():
    experiment = Experiment.choose("copy", "s4d-ntm", {**small("s4d-ntm"), "max_length": 4})
    assert experiment.is_causal
    model, task = experiment.build_model(), experiment.task
    alone, beside = (evaluate(model, task, sequences=64, lengths=n)[0] for n in ([4], [4, 12]))
    assert beside == alone
