"""What `s4ntm bench` measures, in which order, and what is made of it.

A measurement is taken in a process of its own (`measure.py`). All rows are measured once, then all
of them again, and so on: what slows the machine down for a while slows all of them. The task is
always copy. Imports no framework.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import tempfile

from keras_s4ntm.backend import compilation_cache
from keras_s4ntm.models import MODELS

# The networks that models are compared with, on torch: classes of `reference_networks`.
REFERENCES = {"plain-ntm": "NTM", "plain-s4d": "S4D"}

TASK = "copy"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclasses.dataclass(frozen=True)
class Row:
    """What is measured: a model or a reference network, on a backend.

    Args:
        model: the name of a model, or of a reference network (`REFERENCES`).
        backend: the name of a backend; `"torch"` for a reference network.
        batch_size: sequences of a batch.
        length: time steps of a sequence: an even number, from 4 on.
        hyperparameters: `{name: value}` that differ from the model's preset for copy, or from the
            defaults of a model that has none; of a reference network its sizes.
    """

    model: str
    backend: str
    batch_size: int
    length: int
    hyperparameters: dict

    def __str__(self):
        values = "".join(f", {k}={v}" for k, v in self.hyperparameters.items())
        return (
            f"{self.model} on {self.backend}, batch {self.batch_size}, "
            f"{self.length} time steps{values}"
        )


def reference_of(model):
    """The name of the reference network that a model declares, or `None`. A reference network is
    its own.
    """
    return model if model in REFERENCES else MODELS[model].reference


def experiment_of(row):
    """The `Experiment` that a row of a model measures: what `s4ntm train copy` trains, with the
    row's batch size and length.

    Raises:
        ValueError: a hyperparameter that is unknown or not accepted.
    """
    from keras_s4ntm.experiment import Experiment

    sizes = {"max_length": longest_copy(row.length), "batch_size": row.batch_size}
    return Experiment.choose(TASK, row.model, {**row.hyperparameters, **sizes})


def longest_copy(length):
    """How many vectors are copied in so many time steps, at most."""
    return length // 2 - 1


def available_threads():
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def run(rows, command, repeats=3, threads=None, report=lambda row: None):
    """Measure rows, interleaved.

    Compilation caches are empty at first and kept from one repeat to the next: the first
    measurement of a row compiles, the others find what it compiled.

    Args:
        rows: a list of `Row`.
        command: what measures one row in a process of its own: a list of arguments to which the
            row is appended as JSON. It prints what `measure` returns, as JSON.
        repeats: measurements of each row.
        threads: how many threads a process may use; default: as many as it likes.
        report: called with a row when a measurement of it begins.

    Returns:
        A list of dictionaries, one a row; see `summarise`. Of a row that could not be measured
        `error` says why.
    """
    measurements = [[] for _ in rows]
    with tempfile.TemporaryDirectory() as caches:
        for _ in range(repeats):
            for row, measured in zip(rows, measurements, strict=True):
                if not any("error" in m for m in measured):
                    report(row)
                    measured.append(measure_apart(row, command, threads, caches))
    results = [summarise(row, m) for row, m in zip(rows, measurements, strict=True)]
    add_speed(results)
    return results


def measure_apart(row, command, threads, caches):
    """What `measure` returns, of a process that `command` starts; or `{"error": sentence}`."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": row.backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **compilation_cache.settings(row.backend, caches),
        **(dict.fromkeys(THREAD_VARIABLES, str(threads)) if threads else {}),
    }
    process = subprocess.run(
        [*command, json.dumps({**dataclasses.asdict(row), "threads": threads})],
        env=environment,
        capture_output=True,
        text=True,
    )
    if process.returncode < 0:
        return {"error": f"ended by signal {-process.returncode}; too little memory?"}
    if process.returncode > 0:
        said = process.stderr.strip().splitlines() or [f"ended with code {process.returncode}"]
        return {"error": said[-1]}
    return json.loads(process.stdout.splitlines()[-1])


def summarise(row, measurements):
    """The figures of a row, over all rounds of all its measurements.

    Returns:
        A dictionary: the fields of the row; `compile_seconds`, until the first training step is
        done, and `compile_again_seconds`, with what was compiled before at hand; `step_ms` of a
        training step, its median and quartiles; `time_step_ms`, the same for one time step of
        the batch; `sequences_per_second` in training; `inference_steps_per_second`, time steps
        of single sequences; `input_ms`, of making a batch of training data; in MB `peak_memory`
        of the whole process and `training_memory`, how much of it is beyond what it took to load
        the framework.
    """
    fields = dataclasses.asdict(row)
    errors = [m["error"] for m in measurements if "error" in m]
    if errors:
        return {**fields, "error": errors[0]}

    def pooled(name):
        return [seconds for m in measurements for seconds in m[name]]

    low, step, high = statistics.quantiles(pooled("step_seconds"), n=4, method="inclusive")
    first, *again = [m["compile_seconds"] for m in measurements]
    inference = statistics.median(pooled("inference_seconds"))
    return {
        **fields,
        "compile_seconds": first,
        "compile_again_seconds": statistics.median(again) if again else None,
        "step_ms": {"median": 1e3 * step, "low": 1e3 * low, "high": 1e3 * high},
        "time_step_ms": 1e3 * step / row.length,
        "sequences_per_second": row.batch_size / step,
        "inference_steps_per_second": row.batch_size * row.length / inference,
        "input_ms": 1e3 * statistics.median(pooled("input_seconds")),
        "peak_memory": max(m["peak_memory"] for m in measurements),
        "training_memory": max(m["peak_memory"] - m["import_memory"] for m in measurements),
    }


def add_speed(results):
    """Add `speed`: how many times as fast as its reference network of the same sizes a row trains;
    `None` where no such network was measured.
    """

    def sizes(result):
        memory = result["hyperparameters"].get("memory_size")
        return reference_of(result["model"]), result["batch_size"], result["length"], memory

    measured = [result for result in results if "error" not in result]
    references = {sizes(r): r["step_ms"]["median"] for r in measured if r["model"] in REFERENCES}
    for result in measured:
        reference = references.get(sizes(result))
        result["speed"] = reference and reference / result["step_ms"]["median"]
