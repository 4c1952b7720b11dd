"""What a `Trace` says in numbers. Imports no framework.

Every measure is a mean over all sequences, and over the time steps at which the memory was
accessed. Docs: docs/look-inside.md.

Shapes: B sequences, T time steps, N memory slots, M their width, R read heads, W write heads,
H heads, write heads first.
"""

import numpy as np

from keras_s4ntm.analysis.answers import errors, kind_of
from keras_s4ntm.analysis.contributions import what_is_left

THRESHOLD = 0.1  # the write weight from which on a slot counts as written to
LOOKS = 0.01  # the sum of weights from which on a head, of a DNC, looks anywhere


def measure(trace):
    """All measures of a trace, as a dictionary that fits into JSON.

    What the memory has no quantities for is left out: an access of one's own may have no write
    weights, or no gates.

    Args:
        trace: a `Trace`.

    Returns:
        A dictionary: `sequences`; `errors`, wrong bits or tokens per sequence or the mean squared
        error of values, where there are targets; `utilisation`; `persistence`, `{steps: share}`;
        and `heads`, for each head `{"sharpness", "by_content", "movement"}`.
    """
    found = {"sequences": len(trace.memory)}
    if kind_of(trace):
        found["errors"] = errors(trace)
    if "write_weights" in trace.arrays:
        found["utilisation"] = utilisation(trace)
    if {"write_weights", "erase"} <= set(trace.arrays):
        found["persistence"] = persistence(trace)
    parts = {"sharpness": sharpness, "by_content": by_content, "movement": movement}
    heads = {name: {} for name in head_names(trace)}
    for measured, function in parts.items():
        for name, value in function(trace).items():
            heads[name][measured] = value
    return {**found, "heads": heads}


def head_weights(trace):
    """`{head: weights (B, T, N)}`: `"write 0"`, ..., `"read 0"`, ...; write heads first."""
    return {
        f"{kind} {head}": trace.arrays[f"{kind}_weights"][:, :, head].astype("float64")
        for kind in ("write", "read")
        if f"{kind}_weights" in trace.arrays
        for head in range(trace.arrays[f"{kind}_weights"].shape[2])
    }


def head_names(trace):
    """The names of all heads, write heads first."""
    return list(head_weights(trace))


def utilisation(trace, threshold=THRESHOLD):
    """Memory utilisation: the share of slots that a sequence ever writes to.

    Args:
        trace: a `Trace`.
        threshold: the weight of any write head from which on a slot counts as written to.
    """
    highest = (trace.write_weights * trace.accessed[..., None, None]).max(axis=(1, 2))
    return float((highest > threshold).mean())


def sharpness(trace):
    """Sharpness of addressing: the entropy of the weights of each head, in bits.

    0: the head looks at one slot. log2 N: it looks at all N slots alike. Weights that sum to less
    than 1, as those of a DNC may, count as shares of their sum.

    Returns:
        `{head: bits}`; of a head that never looks anywhere `None`.
    """
    return {
        name: mean(entropy(weights), trace.accessed & (weights.sum(axis=-1) > LOOKS))
        for name, weights in head_weights(trace).items()
    }


def entropy(weights):
    """The entropy of weights along the last axis, in bits."""
    whole = weights.sum(axis=-1, keepdims=True)
    shares = np.clip(weights / np.where(whole > 0, whole, 1), 1e-30, None)
    return -(shares * np.log2(shares)).sum(axis=-1)


def by_content(trace):
    """Content against location: which part of its place each head finds by content, 0 to 1.

    Of an NTM the interpolation gate. Of a DNC the read mode of content lookup, and for the write
    head what the allocation gate leaves for it.

    Returns:
        `{head: share}`; nothing of other memories.
    """
    return {name: mean(gate, trace.accessed) for name, gate in content_gates(trace).items()}


def content_gates(trace):
    """`{head: gate (B, T)}`, see `by_content`."""
    gates = {}
    writers = trace.write_weights.shape[2] if "write_weights" in trace.arrays else 0
    if "interpolation_gates" in trace.arrays:
        for number, name in enumerate(head_names(trace)):
            gates[name] = trace.interpolation_gates[..., number]
    if "read_modes" in trace.arrays:
        for number in range(writers):
            gates[f"write {number}"] = 1 - trace.allocation_gate[..., number]
        for number in range(trace.read_modes.shape[2]):
            gates[f"read {number}"] = trace.read_modes[:, :, number, 1]
    return gates


def displacements(weights):
    """By how many slots the largest weight moves, on a ring: from -(N-1)/2 to N/2.

    Args:
        weights: `(..., T, N)`.

    Returns:
        `(..., T-1)`, whole numbers.
    """
    slots = weights.shape[-1]
    moved = np.diff(weights.argmax(axis=-1), axis=-1)
    return (moved + (slots - 1) // 2) % slots - (slots - 1) // 2


def movement(trace):
    """Head movement: in which share of its moves each head moves by so many slots.

    A head is where its largest weight is; the memory is a ring. A move is from one access of the
    memory to the next.

    Returns:
        `{head: {displacement: share}}`, the most frequent first; displacements are texts such as
        `"+1"`.
    """
    return {
        name: frequencies(
            np.concatenate(
                [displacements(weights[b, trace.accessed[b]]) for b in range(len(weights))]
            )
        )
        for name, weights in head_weights(trace).items()
    }


def frequencies(moved):
    """`{displacement: share}`, the most frequent first."""
    values, counts = np.unique(moved, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{values[i]:+d}" if values[i] else "0": float(counts[i] / len(moved)) for i in order}


def persistence(trace, steps=(1, 2, 5, 10, 20, 50, 100)):
    """Persistence: how much of what was written is still there so many time steps later.

    A write leaves `prod_w (1 - w^w[n] e^w[m])` of every number of the memory, times the retention
    of a DNC with de-allocation. The product of that over the time steps after a write, weighted
    with where it wrote and averaged over columns, is its share that is left, from 0 to 1. It is a
    mean over all writes, each weighted with how much it wrote (the sum of its weights), after which
    the sequence goes on for so many steps.

    Args:
        trace: a `Trace`.
        steps: numbers of time steps; those longer than the sequences are left out.

    Returns:
        `{steps: share}`, with texts as keys; nothing where nothing was written.
    """
    time = trace.accessed.shape[1]
    kept, written = {}, {}
    for b in range(len(trace.memory)):
        left = what_is_left(trace, b)
        writes = trace.write_weights[b].astype("float64") * trace.accessed[b][:, None, None]
        product = np.ones_like(left)  # at t: of the time steps t+1 to t+k
        for k in range(1, min(max(steps), time - 1) + 1):
            product = product[: time - k] * left[k:]
            if k in steps:
                share = np.einsum("twn,tn->", writes[: time - k], product.mean(axis=-1))
                kept[k] = kept.get(k, 0) + share
                written[k] = written.get(k, 0) + writes[: time - k].sum()
    return {str(k): float(kept[k] / written[k]) for k in kept if written[k] > 1e-6}


def mean(values, where):
    """The mean where something holds; `None` where it never does."""
    return float(values[where].mean()) if where.any() else None
