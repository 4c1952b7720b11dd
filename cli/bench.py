"""`s4ntm bench`: what training costs on this machine, before one chooses a backend and a size.

`python -m keras_s4ntm.cli.bench ROW` is one measurement, for `benchmark.rows.run`.
"""

import itertools
import json
import sys

import click

from keras_s4ntm.backend import names
from keras_s4ntm.benchmark.measure import limit_threads, measure
from keras_s4ntm.benchmark.rows import REFERENCES, Row, available_threads, run
from keras_s4ntm.cli.environment import check_backend, progress
from keras_s4ntm.cli.options import (
    IntegerList,
    NameList,
    output_options,
    parameter_option,
    parse_assignments,
    usage_errors,
)
from keras_s4ntm.cli.tables import figure, plain_table, print_json, wide_output
from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.parameters import check_parameters, choose

HEADINGS = (
    "memory\nslots", "compile\ns", "again\ns", "step\nms", "\n±", "time step\nms",
    "training\nsequences/s", "inference\nsteps/s", "peak\nMB", "\nspeed",
)  # fmt: skip


@click.command("bench")
@click.option("--models", type=NameList(), default="ntm,s4d-ntm", show_default=True)
@click.option("--backends", type=NameList(), help="[all that are installed]")
@click.option("--batch-sizes", type=IntegerList(), default="1,32", show_default=True)
@click.option("--lengths", type=IntegerList(), default="42", show_default=True, help="Time steps.")
@click.option("--memory-sizes", type=IntegerList(), default="128", show_default=True)
@parameter_option("A parameter that all the models have; it beats the preset for copy.")
@click.option("--threads", type=click.IntRange(1), help="[as many as the machine has]")
@click.option("--repeats", type=click.IntRange(1), default=2, show_default=True)
@output_options
def command(
    models,
    backends,
    batch_sizes,
    lengths,
    memory_sizes,
    assignments,
    threads,
    repeats,
    quiet,
    as_json,
):
    """Measure what training and inference cost on this machine, on the task copy.

    Every model, with its preset for copy, on every backend. Each is measured several times in turn,
    each time in a process of its own. "again" is the time to compile with the caches of the time
    before, ± half of the distance between the quartiles of the step. Reference networks are written
    in plain PyTorch, as people write them; a model may name the one that is like it. "speed" is how
    many times as fast as its reference network a model trains.

    \b
    Examples:
      s4ntm bench
      s4ntm bench --models s4d-ntm --backends jax,tensorflow --lengths 42,784 --threads 1
      s4ntm bench --models s4d-ntm -p access_interval=16 --json
    """
    if threads and threads > available_threads():
        raise click.UsageError(f"--threads {threads}: {available_threads()} are available.")
    for length in lengths:
        if length % 2 or length < 4:
            raise click.UsageError(f"--lengths must be even, from 4 on, got {length}.")
    for name in backends or []:
        check_backend(name)
    backends = backends or names.installed_backends()
    values = parse_assignments(assignments)
    if "memory_size" in values:
        raise click.UsageError("Give --memory-sizes, not -p memory_size.")
    rows = rows_of(models, backends, batch_sizes, lengths, memory_sizes, values)

    silent = quiet or as_json
    if not names.installed("torch") and not silent:
        click.echo("Reference networks are left out: pip install 'keras-s4ntm[torch]'.", err=True)
    results = measured(rows, repeats, threads, silent)
    if as_json:
        threads = threads or available_threads()
        print_json({"task": "copy", "threads": threads, "repeats": repeats, "rows": results})
    elif not quiet:
        for size, group in itertools.groupby(results, lambda r: (r["batch_size"], r["length"])):
            print_table(list(group), *size)
    failed = [r for r in results if "error" in r]
    if failed:
        raise S4NTMError(
            f"{len(failed)} of {len(rows)} rows could not be measured: {failed[0]['error']}"
        )


def rows_of(models, backends, batch_sizes, lengths, memory_sizes, values):
    """The rows of the table, reference networks first at every batch size and length."""
    from keras_s4ntm.models import MODELS

    with usage_errors():
        chosen = {name: choose("model", name, MODELS) for name in models}
        own = {name: check_parameters(name, values, m.parameters) for name, m in chosen.items()}
        references = dict.fromkeys(m.reference for m in chosen.values() if m.reference)
        for name in references:
            choose("reference network", name, REFERENCES)
    pairs = list(itertools.product(models, backends))
    if names.installed("torch"):
        pairs = [*((name, "torch") for name in references), *pairs]
    has_memory = {"plain-ntm", *(n for n, m in chosen.items() if "memory_size" in m.parameters)}
    # A plain S4D has the sizes of the model `s4d`; a plain NTM the usual ones.
    own = {"plain-ntm": {}, "plain-s4d": own.get("s4d", {}), **own}
    rows = []
    for batch_size, length in itertools.product(batch_sizes, lengths):
        for name, backend in pairs:
            sizes = [{"memory_size": n} for n in memory_sizes] if name in has_memory else [{}]
            rows += [
                Row(name, backend, batch_size, length, {**size, **own[name]}) for size in sizes
            ]
    return rows


def measured(rows, repeats, threads, silent):
    """What `benchmark.rows.run` returns, with progress."""
    with progress(silent) as display:
        bar, number = display.add_task("", total=len(rows) * repeats), itertools.count()

        def report(row):
            display.update(bar, completed=next(number), description=str(row))

        return run(rows, [sys.executable, "-m", __spec__.name], repeats, threads, report)


def print_table(results, batch_size, length):
    """The table of one batch size and length, on standard output."""
    title = f"copy, batch {batch_size}, {length} time steps"
    table = plain_table(title, ["model", "backend"], HEADINGS)
    for r in results:
        name = r["model"], r["backend"], str(r["hyperparameters"].get("memory_size", ""))
        if "error" in r:
            table.add_row(*name, "failed")
            continue
        step = r["step_ms"]
        table.add_row(
            *name,
            figure(r["compile_seconds"]),
            figure(r["compile_again_seconds"]),
            figure(step["median"]),
            f"{(step['high'] - step['low']) / 2 / step['median']:.0%}",
            figure(r["time_step_ms"]),
            figure(r["sequences_per_second"]),
            figure(r["inference_steps_per_second"]),
            figure(r["peak_memory"]),
            figure(r["speed"]),
        )
    output = wide_output()
    output.print(table)
    print_input(output, [r for r in results if "error" not in r])


def print_input(output, results):
    """How long training data takes, beside the fastest step that waits for it."""
    if results:
        slowest = max(r["input_ms"] for r in results)
        fastest = min(r["step_ms"]["median"] for r in results)
        output.print(
            f"making a batch of training data: {figure(slowest)} ms, "
            f"{figure(1e3 / slowest)} batches/s, {slowest / fastest:.1%} of the fastest step"
        )


def measure_row(argument):
    """Measure the row that is given as JSON; prints JSON."""
    fields = json.loads(argument)
    threads = fields.pop("threads")
    if threads:
        limit_threads(threads)
    print(json.dumps(measure(Row(**fields))))


if __name__ == "__main__":
    measure_row(sys.argv[1])
