"""What the memory explorer shows of a sequence, as plain data. Imports no framework.

Shapes: T time steps, N memory slots, M their width, R read heads, W write heads, O outputs.
"""

import numpy as np

from keras_s4ntm.analysis.answers import probabilities
from keras_s4ntm.analysis.contributions import attribution
from keras_s4ntm.analysis.report.packing import pack

WEIGHTINGS = {"write_weights": 3, "read_weights": 3, "usage": 2}  # axes: (T, heads, N), (T, N)
OF_THE_MODEL = ("inputs", "outputs", "targets", "target_mask")
SOURCES, SMALLEST = 8, 0.0005  # of one read that are named: how many at most, with what share
LINES = 12  # at most of one chart


def explore(trace, label, target_kind):
    """The first sequence of a `Trace` as the explorer takes it.

    Args:
        trace: of any memory.
        label: what the training slider calls it.
        target_kind: of its task.

    Returns:
        A dictionary that fits into JSON: `label`; `about`; `arrays`, packed; `lines`, the names of
        those that are a few numbers at every time step; `sources`, for each time step and read head
        the writes that contributed most, `[step, write head, share, size]`, with `null` for the
        first two where it is the initial memory; `reason`, why there are none.
    """
    trace = trace.take(0)
    arrays = {name: array[0] for name, array in trace.arrays.items()}
    known = {name: arrays[name] for name in ("memory", "accessed")}
    known |= {name: arrays[name] for name in WEIGHTINGS if is_weighting(name, arrays)}
    lines = {name: array for name, array in arrays.items() if is_few_numbers(name, array)}
    sequences = {**of_the_model(arrays, target_kind), **known, **lines}
    sources, reason = [], None
    try:
        writes = attribution(trace)
    except ValueError as error:
        reason = str(error)
    else:
        sequences["contributions"] = np.moveaxis(writes.total[0].sum(axis=1), 1, 0)  # (T, R, T)
        sources = all_sources(writes)
    return {
        "label": label,
        "about": trace.about,
        "arrays": {name: pack(array) for name, array in sequences.items()},
        "lines": list(lines),
        "sources": sources,
        "reason": reason,
    }


def is_weighting(name, arrays):
    """Whether a trace has these weights of slots: a memory of one's own may mean something else."""
    shape = arrays[name].shape if name in arrays else ()
    return len(shape) == WEIGHTINGS[name] and shape[-1] == arrays["memory"].shape[1]


def is_few_numbers(name, array):
    """Whether an array is a line chart: a few numbers at every time step, of the memory."""
    own = name.startswith(OF_THE_MODEL) or name in ("mask", "accessed", *WEIGHTINGS)
    return not own and array.ndim == 2 and array.shape[1] <= LINES


def of_the_model(arrays, target_kind):
    """Inputs, outputs and targets as pictures: `(T, ...)`, or `(1, ...)` of one answer.

    Outputs of a task are probabilities, targets 0 and 1, and not a number where nothing is scored.
    """
    inputs, outputs = arrays["inputs"], np.atleast_2d(arrays["outputs"]).astype("float64")
    outputs = outputs.reshape(len(outputs), -1)
    found = {"inputs": inputs.reshape(len(inputs), -1)}
    if target_kind in ("bits", "tokens", "classes"):
        outputs = probabilities(outputs, target_kind)
    if "targets" in arrays:
        targets = arrays["targets"]
        if target_kind in ("tokens", "classes"):
            targets = targets[..., None] == np.arange(outputs.shape[-1])
        targets = np.atleast_2d(targets).astype("float64")
        targets = targets.reshape(len(targets), -1)
        if "target_mask" in arrays:
            targets = np.where(arrays["target_mask"][:, None], targets, np.nan)
        found["targets"] = targets
    return {**found, "outputs": outputs}


def all_sources(writes):
    """For each time step and read head the largest contributions; see `explore`."""
    _, readers, _, time = writes.initial.shape
    return [
        [
            [
                [one["step"], one["write_head"], round(one["share"], 4), round(one["size"], 4)]
                for one in writes.sources(t, head=reader, count=SOURCES)
                if one["share"] >= SMALLEST
            ]
            for reader in range(readers)
        ]
        for t in range(time)
    ]
