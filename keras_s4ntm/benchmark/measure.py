"""One measurement of `s4ntm bench`, in a process of its own: a row's training and inference.

Imports no framework until it measures.
"""

import itertools
import os
import time
from pathlib import Path

from keras_s4ntm.benchmark.rows import REFERENCES, TASK, experiment_of, longest_copy
from keras_s4ntm.models import DEFAULT_MODEL
from keras_s4ntm.presets import NONE

ROUNDS = 3  # of a measurement
SECONDS = 0.3  # that a round takes at least


def limit_threads(threads):
    """Keep this process on `threads` of its CPUs, where the system can.

    Before a framework is loaded: it starts as many threads as there are CPUs for it.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def measure(row):
    """Measure a row in this process, which has loaded no framework before.

    Args:
        row: a `Row`; `KERAS_BACKEND` names its backend.

    Returns:
        A dictionary: `compile_seconds`, until the first training step is done; one number a round
        of `step_seconds` (a training step), `inference_seconds` (a batch) and `input_seconds` (a
        batch of training data is made); `import_memory`, the MB that are resident once Keras is
        loaded, and `peak_memory`, the most that ever were until training has ended.
    """
    import keras  # noqa: F401  before its memory is looked at

    import_memory = peak_memory()
    start = start_reference if row.model in REFERENCES else start_model
    train, infer, batches = start(row)

    begin = time.perf_counter()
    compiled, second = train(rounds=2, steps=1)
    steps = calls_in_a_round(second - compiled)
    ends = train(rounds=1 + ROUNDS, steps=steps)
    memory = peak_memory()
    indices = iter(range(len(batches)))
    return {
        "compile_seconds": compiled - begin,
        "step_seconds": [(b - a) / steps for a, b in itertools.pairwise(ends)],
        "inference_seconds": seconds_of(infer),
        "input_seconds": seconds_of(lambda: batches[next(indices)]),
        "import_memory": import_memory,
        "peak_memory": memory,
    }


def start_model(row):
    """A model as `s4ntm train copy` trains it, `(train, infer, batches)`.

    `train(rounds, steps)` makes rounds of so many updates and returns the times at which they
    ended; `infer()` runs the model on a batch; `batches` is the training data.
    """
    import keras

    from keras_s4ntm.backend.process import keep_freed_memory
    from keras_s4ntm.backend.time_loop import compile_loops
    from keras_s4ntm.training.fit import compile_model

    keep_freed_memory()
    compile_loops()
    experiment = experiment_of(row)
    model = experiment.build_model()
    compile_model(model, experiment.task, experiment.training)
    batches = batches_of(experiment.task, row)
    inputs = batches[0][0]

    def train(rounds, steps):
        ends = []
        note = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
        )
        model.fit(
            batches,
            epochs=rounds,
            steps_per_epoch=steps,
            shuffle=False,
            callbacks=[note],
            verbose=0,
        )
        return ends

    return train, lambda: model.predict_on_batch(inputs), batches


def start_reference(row):
    """A reference network of the row's sizes, as `start_model`."""
    import torch

    from keras_s4ntm.benchmark import reference_networks
    from keras_s4ntm.experiment import Experiment

    torch.manual_seed(0)
    sizes = {"max_length": longest_copy(row.length)}
    plain = Experiment.choose(TASK, DEFAULT_MODEL, sizes, preset=NONE)
    task = plain.task
    network = getattr(reference_networks, REFERENCES[row.model])
    model = network(task.input_size, task.output_size, **row.hyperparameters)
    optimizer = torch.optim.Adam(model.parameters(), plain.training.learning_rate)
    batches = batches_of(task, row)
    inputs = torch.from_numpy(batches[0][0])

    def train(rounds, steps):
        ends = []
        for first in range(0, rounds * steps, steps):
            for index in range(first, first + steps):
                reference_networks.train_step(model, optimizer, *batches[index])
            ends.append(time.perf_counter())
        return ends

    return train, torch.no_grad()(lambda: model(inputs)), batches


def batches_of(task, row):
    """Training data without end."""
    from keras_s4ntm.data.batches import Batches

    return Batches(task, "train", seed=0, batch_size=row.batch_size, count=10**6)


def seconds_of(function):
    """Seconds of a call of `function`, one number a round."""
    function()  # compiles
    begin = time.perf_counter()
    function()
    calls = calls_in_a_round(time.perf_counter() - begin)
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        seconds.append((time.perf_counter() - begin) / calls)
    return seconds


def calls_in_a_round(seconds):
    """How many calls that take so many seconds make a round."""
    return max(1, round(SECONDS / seconds))


def peak_memory():
    """The most memory of this process that was ever resident, in MB.

    Linux counts in `getrusage` what the process that started this one had resident as well.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
