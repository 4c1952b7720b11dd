"""`s4ntm bench`: what training costs on this machine, before one chooses a backend and a size.

`python -m keras_s4ntm.cli.bench ROW` is one measurement, for `keras_s4ntm.bench.run`.
"""

import itertools
import json
import sys

import click

from keras_s4ntm.bench import (
    Row,
    available_threads,
    limit_threads,
    measure,
    run,
    yardstick_of,
)
from keras_s4ntm.cli.common import (
    IntegerList,
    NameList,
    check_backend,
    console,
    installed,
    installed_backends,
    output_options,
    parse_assignments,
    print_json,
    usage_errors,
)
from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.models import MODELS, check_hyperparameters
from keras_s4ntm.parameters import choose

TABLE_WIDTH = 110  # at least, where standard output is no terminal or a narrow one


@click.command("bench")
@click.option("--models", type=NameList(), default="ntm,s4d-ntm", show_default=True)
@click.option("--backends", type=NameList(), help="[all that are installed]")
@click.option("--batch-sizes", type=IntegerList(), default="1,32", show_default=True)
@click.option("--lengths", type=IntegerList(), default="42", show_default=True, help="Time steps.")
@click.option("--memory-sizes", type=IntegerList(), default="128", show_default=True)
@click.option("-p", "assignments", metavar="NAME=VALUE", multiple=True, help="Of the models.")
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

    Every model on every backend, each measured several times in turn, each time in a process of
    its own. "again" is the time to compile with caches of the time before, ± half of the distance
    between the quartiles of the step. Yardsticks are plain networks in eager PyTorch, a Neural
    Turing Machine and for s4d one like it; "speed" is how many times as fast a model trains.

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
    backends = backends or installed_backends()
    values = parse_assignments(assignments)
    if "memory_size" in values:
        raise click.UsageError("Give --memory-sizes, not -p memory_size.")
    rows = rows_of(models, backends, batch_sizes, lengths, memory_sizes, values)

    silent = quiet or as_json
    if not installed("torch") and not silent:
        click.echo("Yardsticks are left out: pip install 'keras-s4ntm[torch]'.", err=True)
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
    """The rows of the table, yardsticks first at every batch size and length."""
    with usage_errors():
        parameters = {name: choose("model", name, MODELS).parameters for name in models}
        values = {name: check_hyperparameters(name, values) for name in models}
    yardsticks = dict.fromkeys(yardstick_of(name) for name in models if installed("torch"))
    # A plain S4D of the sizes of the model `s4d`; a plain NTM of the usual ones.
    values = {"plain-ntm": {}, "plain-s4d": values.get("s4d", {}), **values}
    rows = []
    for batch_size, length in itertools.product(batch_sizes, lengths):
        pairs = [*((name, "torch") for name in yardsticks), *itertools.product(models, backends)]
        for name, backend in pairs:
            sizes = [{}]
            if name == "plain-ntm" or "memory_size" in parameters.get(name, {}):
                sizes = [{"memory_size": slots} for slots in memory_sizes]
            rows += [
                Row(name, backend, batch_size, length, {**size, **values[name]}) for size in sizes
            ]
    return rows


def measured(rows, repeats, threads, silent):
    """What `keras_s4ntm.bench.run` returns, with progress."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console(silent), transient=True) as progress:
        bar, number = progress.add_task("", total=len(rows) * repeats), itertools.count()

        def report(row):
            progress.update(bar, completed=next(number), description=str(row))

        return run(rows, [sys.executable, "-m", __spec__.name], repeats, threads, report)


def print_table(results, batch_size, length):
    """The table of one batch size and length, on standard output."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"copy, batch {batch_size}, {length} time steps",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("model")
    table.add_column("backend")
    for column in (
        "memory\nslots", "compile\ns", "again\ns", "step\nms", "\n±", "time step\nms",
        "training\nsequences/s", "inference\nsteps/s", "peak\nMB", "\nspeed",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for r in results:
        names = r["model"], r["backend"], str(r["hyperparameters"].get("memory_size", ""))
        if "error" in r:
            table.add_row(*names, "failed")
            continue
        step = r["step_ms"]
        table.add_row(
            *names,
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
    output = Console()
    output.width = max(output.width, TABLE_WIDTH)
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


def figure(value):
    """A number with three digits."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def measure_row(argument):
    """Measure the row that is given as JSON; prints JSON."""
    from keras_s4ntm.tasks import Copy

    fields = json.loads(argument)
    threads = fields.pop("threads")
    if threads:
        limit_threads(threads)
    row = Row(**fields)
    print(json.dumps(measure(row, Copy(max_length=row.length // 2 - 1))))


if __name__ == "__main__":
    measure_row(sys.argv[1])
