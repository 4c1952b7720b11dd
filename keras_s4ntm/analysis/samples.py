"""Traces and answers of a network on test sequences of its task."""

from dataclasses import replace

from keras_s4ntm.analysis.answers import answered
from keras_s4ntm.analysis.tracing import trace
from keras_s4ntm.evaluation.evaluate import predictions, score


def trace_test(model, setting, *, sequences=8, seed=0, layer=None):
    """A `Trace` of test sequences, with their targets.

    Args:
        model: a Keras model of the task.
        setting: `(label, task)`, one of `Task.settings`.
        sequences: how many; at most as many as there are.
        seed: of the test sequences, where the task draws them.
        layer: the name of the memory layer, where there are several.

    Returns:
        A `Trace`; `about` has the task, its kind of targets, the label and the seed as well.
    """
    label, task = setting
    count = min(sequences, task.size("test") or sequences)
    batch = task.batch("test", seed, 0, count)
    traced = trace(model, batch.inputs, targets=batch.targets, target_mask=batch.mask, layer=layer)
    origin = {"task": task.name, "target_kind": task.target_kind, **label, "seed": seed}
    return replace(traced, about={**traced.about, **origin})


def results_and_answers(model, task, shown, **options):
    """What `evaluate` returns, and the answers to the first sequence of some of its settings.

    Args:
        model, task: see `evaluate`.
        shown: the numbers of those settings.
        options: see `evaluate`.

    Returns:
        `(results, answers)`: answers are `Trace`s without a memory.
    """
    found = predictions(model, task, **options)
    results = [score(*one) for one in found]
    answers = []
    for number in shown:
        label, _, batch, outputs = found[number]
        first = type(batch)(*(part if part is None else part[:1] for part in batch))
        about = {"target_kind": task.target_kind, **label}
        answers.append(answered(first, outputs[:1, : batch.inputs.shape[1]], **about))
    return results, answers
