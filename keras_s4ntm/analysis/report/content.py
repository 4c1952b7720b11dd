"""What a report shows of a run, as plain data. Imports no framework."""

import json

from keras_s4ntm.analysis.algorithm import learned_algorithm
from keras_s4ntm.analysis.report.explorer import WEIGHTINGS, explore, is_weighting
from keras_s4ntm.analysis.trace_file import Trace
from keras_s4ntm.errors import S4NTMError

LARGEST = 2_500_000  # characters of traces of checkpoints and of the run; the page adds 90,000
EPOCHS = "epoch-*.npz"


def collect(run, results=(), trace=None):
    """What a report shows of a run.

    Args:
        run: a `Run`.
        results: what `evaluate` returned.
        trace: a `Trace` of its network; `None`: it has no memory. `RUN/trace/epoch-*.npz` are
            traces of it in training; every other is left out until the report is small enough.

    Returns:
        A dictionary that fits into JSON.

    Raises:
        S4NTMError: the history or a trace in the run is damaged.
    """
    config, task = run.config, run.experiment.task
    traces = [] if trace is None else traces_of(run, trace)
    return {
        "title": f"{task.name}, {run.experiment.model}",
        "run": str(run.path),
        "summary": task.summary,
        "about": {key: config[key] for key in ("preset", "seed", "backend", "versions")},
        "settings": {
            "task": config["task"]["parameters"],
            "model": config["model"]["parameters"],
            "training": config["training"],
        },
        "results": list(results),
        "history": run.read_history(),
        "algorithm": [] if trace is None else sentences_of(trace),
        "traces": traces,
    }


def sentences_of(trace):
    """What each head does, see `learned_algorithm`; none where the heads weigh no slots."""
    weights = [name for name in WEIGHTINGS if name in trace.arrays]
    first = {name: trace.arrays[name][0] for name in trace.arrays}
    if not weights or not all(is_weighting(name, first) for name in weights):
        return []
    return learned_algorithm(trace)


def traces_of(run, trace):
    """Of the checkpoints and then of the trained network, as the explorer takes them."""
    kind = run.experiment.task.target_kind
    trained = explore(trace, "trained", kind)
    found = [explore_file(path, kind) for path in sorted((run.path / "trace").glob(EPOCHS))]
    sizes = [len(json.dumps(one)) for one in found]
    left = LARGEST - len(json.dumps(trained))
    while found and sum(sizes) > left:
        found, sizes = found[1::2], sizes[1::2]
    return [*found, trained]


def explore_file(path, target_kind):
    """What the explorer shows of a file.

    Raises:
        S4NTMError: it is no trace, or one of something else.
    """
    trace = Trace.load(path)
    try:
        return explore(trace, label_of(path), target_kind)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        why = str(error).splitlines()[0]
        raise S4NTMError(
            f"{path} is a trace that cannot be shown: {why}. Delete it, or write it again."
        ) from error


def label_of(path):
    """What the training slider calls a file: `epoch-00020.npz` is epoch 20."""
    return f"epoch {path.stem.removeprefix('epoch-').lstrip('0') or '0'}"
