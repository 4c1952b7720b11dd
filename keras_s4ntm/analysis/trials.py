"""Measures for which the network has to run again: what it can do, and what it stands.

Shapes: B sequences, T time steps, N memory slots, M their width, O outputs.
"""

from dataclasses import replace as changed

import numpy as np

from keras_s4ntm.analysis.answers import answered, errors, first_answer, kind_of, scored, wrong
from keras_s4ntm.analysis.interventions import intervene, replace
from keras_s4ntm.data.padding import pad

FLIPPED = (0.01, 0.02, 0.05, 0.1)
NOISE = (0.1, 0.2, 0.5, 1.0)
TIMES = 8  # the training length: up to there capacity is sought


def training_length(task):
    """`(name, number)`: the longest sequences of training, and what the task calls their length.

    Raises:
        ValueError: its sequences have one length only.
    """
    label, _ = task.settings()[0]
    for name, number in label.items():
        twice = 2 * number
        if is_possible(task, twice) and task.settings([twice])[0][0][name] == twice:
            return name, number
    raise ValueError(f"{task.name} has sequences of one length only.")


def is_possible(task, length):
    """Whether a task has sequences of this length."""
    try:
        task.settings([length])
    except ValueError:
        return False
    return True


def lengths_beyond(task):
    """Half the training length, and once to six times: those that the task has.

    Raises:
        ValueError: its sequences have one length only.
    """
    _, trained = training_length(task)
    lengths = [trained // 2, *(factor * trained for factor in range(1, 7))]
    return [length for length in lengths if length and is_possible(task, length)]


def capacity(model, task, *, limit=None, sequences=16, seed=0, causal=True):
    """The longest sequences that are answered without one error, by bisection over lengths.

    That longer ones are not harder is not assumed beyond this: from the training length on the
    length is doubled until there is an error, then the place of the first one is halved in.

    Args:
        model: a Keras model of the task.
        task: a task whose sequences have a length that can be chosen.
        limit: the longest length that is tried; default: 8 times that of training.
        sequences: how many test sequences of each length have to be right in every bit, or token.
        seed: of the test sequences.
        causal: whether no output depends on a later input. Sequences are then padded to few
            different lengths, so that little is compiled.

    Returns:
        The length; 0 if there is none. With `limit` it may be larger.

    Raises:
        ValueError: the task's sequences have one length only, or its targets can only be guessed
            or are real values.
    """
    if not task.certain:
        raise ValueError(f"The targets of {task.name} can only be guessed: it has no capacity.")
    _, trained = training_length(task)
    limit = limit or TIMES * trained

    def is_right(length):
        if not is_possible(task, length):
            return length < trained  # too short for the task, or too long
        [(_, setting)] = task.settings([length])
        batch = setting.batch("test", seed, 0, sequences)
        time = batch.inputs.shape[1]
        inputs = pad(batch.inputs, 2 ** int(np.ceil(np.log2(time)))) if causal else batch.inputs
        outputs = model.predict(inputs, batch_size=sequences, verbose=0)[:, :time]
        return not wrong(answered(batch, outputs, target_kind=task.target_kind)).any()

    low, high = 0, min(trained, limit)  # right, perhaps wrong
    while is_right(high):
        low = high
        if low == limit:
            return limit
        high = min(2 * high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_right(middle) else (low, middle)
    return low


def memory_share(model, trace, layer=None):
    """The share of the outputs that comes through the memory.

    All read vectors are replaced by zeros, at every time step. The share is 1 - r^2, where r is the
    correlation of the logits with and without that, at the scored time steps, every output about
    its mean: the part of their variance that the rest of the network does not explain.

    Args:
        model: the model.
        trace: a `Trace` of it.
        layer: the name of the memory layer, where there are several.

    Returns:
        A dictionary: `share`, from 0 to 1; `errors` and `errors_without`, of the memory, where the
        trace has targets.
    """
    without = intervene(model, trace.inputs, replace("read_vectors", 0), layer=layer)
    without = changed(trace, arrays={**trace.arrays, "outputs": without.outputs})
    found = {"share": 1 - correlation(at_answers(trace), at_answers(without)) ** 2}
    if kind_of(trace):
        found |= {"errors": errors(trace), "errors_without": errors(without)}
    return found


def at_answers(trace):
    """The logits that are scored, `(answers, O)`."""
    if trace.outputs.ndim == 2:
        return trace.outputs.astype("float64")
    return trace.outputs[scored(trace)].astype("float64")


def correlation(a, b):
    """Of two arrays `(answers, O)`, each output about its mean; 0 where one is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    sizes = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / sizes) if sizes > 1e-12 else 0.0


def robustness(model, trace, *, flipped=FLIPPED, noise=NOISE, layer=None, seed=0):
    """Errors where inputs are flipped, and where there is noise in the memory, as `errors` counts.

    Args:
        model: the model.
        trace: a `Trace` of it, with targets.
        flipped: shares of the input bits that are flipped, x to 1 - x: of all channels at all time
            steps, markers too. Left out where inputs are other numbers than 0 and 1.
        noise: of normal noise that is added to all numbers of the memory once, before the first
            answer: its standard deviation over the root mean square of the fullest slot.
        layer: the name of the memory layer, where there are several.
        seed: of what is flipped, and of the noise.

    Returns:
        A dictionary: `flipped_inputs` and `memory_noise`, each `{amount: errors}` with texts as
        keys.

    Raises:
        ValueError: the trace has no targets.
    """
    errors(trace)  # refuses a trace without targets
    rng = np.random.default_rng(seed)

    def with_outputs(outputs):
        return errors(changed(trace, arrays={**trace.arrays, "outputs": outputs}))

    found = {"memory_noise": {}}
    if np.isin(trace.inputs, (0, 1)).all():
        found = {"flipped_inputs": {}, **found}
        for share in flipped:
            inputs = np.abs(trace.inputs - (rng.random(trace.inputs.shape) < share))
            outputs = model.predict(inputs.astype(trace.inputs.dtype), verbose=0)
            found["flipped_inputs"][f"{share:g}"] = with_outputs(outputs)
    for amount in noise:

        def noisy(memory, amount=amount):
            sizes = np.sqrt((memory**2).mean(axis=-1)).max(axis=-1)[:, None, None]
            return memory + amount * sizes * rng.normal(size=memory.shape)

        change = replace("memory", noisy, at=first_answer(trace))
        run = intervene(model, trace.inputs, change, layer=layer)
        found["memory_noise"][f"{amount:g}"] = with_outputs(run.outputs)
    return found
