"""What the heads of a trained network do, in sentences, where the measures decide it.

Imports no framework. Shapes: B sequences, T time steps, N memory slots.
"""

import numpy as np

from keras_s4ntm.analysis.answers import first_answer, scored
from keras_s4ntm.analysis.measures import (
    LOOKS,
    content_gates,
    displacements,
    entropy,
    head_weights,
    mean,
)

RULE = 0.9  # the share of time steps from which on something is a rule
BLURRED = 0.5  # of log2 N: an entropy above it means that a head looks at no slot in particular
SHORTEST = 3  # time steps that a walk has at least
MODES = ("follows its links backward", "looks up by content", "follows its links forward")


def learned_algorithm(trace):
    """What each head does, as a sentence.

    A head is where its largest weight is, and the memory is a ring. In this order:

    - A head with more than half of the largest possible entropy looks at many slots at once; of
      a read head at the scored steps.
    - If it moves by the same number of slots in 90 % of all time steps, that is the rule; a move
      is from one access of the memory to the next.
    - If it does so at every time step after one, in 90 % of the sequences each, it jumps there,
      by content where its gate is open more than half. Then it walks.
    - Of a DNC, what 90 % of the read mode of the answers is, and of the allocation gate.
    - Else, that it looks up by content, if its gate is open by 90 % at the scored steps.

    Args:
        trace: a `Trace` of sequences of one length.

    Returns:
        A list of texts, one for each head.
    """
    gates = content_gates(trace)
    return [
        f"{name.replace(' ', ' head ')}: {sentence(trace, name, weights, gates.get(name))}"
        for name, weights in head_weights(trace).items()
    ]


def sentence(trace, name, weights, gate):
    """What one head does.

    Args:
        trace: a `Trace`.
        name: the head's, as in `head_weights`.
        weights: `(B, T, N)`, the head's.
        gate: `(B, T)`, the head's, see `by_content`; or `None`.
    """
    most = np.log2(weights.shape[-1])
    where = trace.accessed & (weights.sum(axis=-1) > LOOKS)
    bits = mean(entropy(weights), where & scored(trace) if name.startswith("read") else where)
    if bits is None:
        return "looks nowhere"
    if bits > BLURRED * most:
        return f"looks at many slots at once ({bits:.1f} of {most:.1f} bits)"
    parts = [walk(trace, weights, gate), *modes(trace, name)]
    if not any(parts) and gate is not None and mean_at_answers(trace, gate) >= RULE:
        parts = [f"looks up by content ({percent(mean_at_answers(trace, gate))} at the answers)"]
    return "; ".join(part for part in parts if part) or "no rule found"


def walk(trace, weights, gate):
    """How a head moves, from one access of the memory to the next; `None` where there is no rule.

    Args:
        trace, weights, gate: see `sentence`.
    """
    times = np.flatnonzero(trace.accessed.all(axis=0))
    moved = displacements(weights[:, times])
    if moved.shape[1] < SHORTEST:
        return None
    step, share = most_frequent(moved)
    if share >= RULE:
        return in_words(step, share)
    step, _ = most_frequent(moved[:, -(moved.shape[1] // 4 + 1) :])
    others = np.flatnonzero((moved == step).mean(axis=0) < RULE)
    start = others[-1] + 1 if len(others) else 0
    if moved.shape[1] - start < SHORTEST:
        return None
    jump, time = "one jump", int(times[start])
    if gate is not None and gate[:, time].mean() > 0.5:
        jump = "one jump by content"
    share = (moved[:, start:] == step).mean()
    return f"{jump} at {place(trace, time)}, then {in_words(step, share)}"


def most_frequent(moved):
    """`(displacement, share)`."""
    values, counts = np.unique(moved, return_counts=True)
    return int(values[counts.argmax()]), counts.max() / moved.size


def in_words(step, share):
    """A displacement and how frequent it is."""
    words = f"{step:+d} a step" if step else "stays where it is"
    return f"{words} in {percent(share)} of steps"


def percent(share):
    """A share with one digit."""
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def place(trace, step):
    """A time step in words: which marker stands there, if one does."""
    marks = markers(trace)
    before = [t for t in marks if t < first_answer(trace)]
    if step and before and step == before[-1]:
        return f"the end marker (step {step})"
    return f"the marker of step {step}" if step in marks else f"step {step}"


def markers(trace):
    """Time steps at which all sequences have a channel to themselves: one that is not 0 there and
    nowhere else.
    """
    inputs = trace.inputs.reshape(*trace.inputs.shape[:2], -1) != 0
    once = (inputs.sum(axis=1) == 1).all(axis=0)
    same = (inputs == inputs[:1]).all(axis=(0, 1))
    return sorted({int(t) for t in inputs[0][:, once & same].argmax(axis=0)})


def modes(trace, name):
    """What a DNC's modes and gates say of a head, a list of texts."""
    kind, number = name.split()
    if kind == "read" and "read_modes" in trace.arrays:
        shares = [
            mean_at_answers(trace, trace.read_modes[:, :, int(number), mode]) for mode in range(3)
        ]
        best = int(np.argmax(shares))
        if shares[best] >= RULE:
            return [f"{MODES[best]} ({percent(shares[best])} of its read mode at the answers)"]
    if kind == "write" and "allocation_gate" in trace.arrays:
        share = mean(trace.allocation_gate[..., int(number)], trace.accessed)
        if share is not None and share >= RULE:
            return [f"writes to free slots ({percent(share)} by allocation)"]
    return []


def mean_at_answers(trace, values):
    """The mean of `(B, T)` at the scored steps, where the memory was accessed; else 0."""
    return mean(values, trace.accessed & scored(trace)) or 0.0
