"""`s4ntm compare`: several models on one task, with several seeds."""

import itertools
import sys
import time
from pathlib import Path

import click

from keras_s4ntm.cli.common import (
    IntegerList,
    NameList,
    common_options,
    configure,
    console,
    data_option,
    print_json,
    use_backend,
)
from keras_s4ntm.comparison import Comparison, figure_name, summarise
from keras_s4ntm.errors import S4NTMError

TABLE_WIDTH = 110  # at least, where standard output is no terminal or a narrow one
MODELS = "lstm,ntm,dnc,s4d,s4d-ntm"


@click.command("compare")
@click.argument("task")
@click.option("--models", type=NameList(), default=MODELS, show_default=True)
@click.option("--seeds", type=IntegerList(minimum=0), default="0,1,2", show_default=True)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Of a training, at most.")
@click.option("--steps", type=click.IntRange(1), help="Updates of a training, at most.")
@click.option("-p", "assignments", metavar="NAME=VALUE", multiple=True, help="Of all models.")
@click.option("--run-dir", metavar="DIR", help="Go on there. [runs/compare-TASK-TIME]")
@data_option
@common_options
def command(task, models, seeds, minutes, steps, assignments, run_dir, backend, quiet, as_json):
    """Train models on TASK, evaluate them, and set the results side by side.

    Medians over the seeds, and the range. A network is solved when its validations were faultless
    several times in a row; its training then ends. The trainings are run directories below
    --run-dir; a comparison that was interrupted goes on with the same --run-dir.

    \b
    Examples:
      s4ntm compare copy
      s4ntm compare associative-recall --models ntm,dnc --seeds 0,1,2,3,4 --minutes 10
      s4ntm compare copy --models lstm,ntm -p max_length=10 --run-dir runs/short
    """
    recipe = {"minutes": minutes, "steps": steps}
    for model in models:
        task_object, _, _ = configure(task, model, assignments, recipe)
    backend = use_backend(backend)
    options = ["--backend", backend]
    for name, value in recipe.items():
        options += [f"--{name}", str(value)] if value is not None else []
    for assignment in assignments:
        options += ["-p", assignment]
    path = Path(run_dir or f"runs/compare-{task}-{time.strftime('%Y%m%d-%H%M%S')}")
    comparison = Comparison(path, [task, *options])

    trainings = list(itertools.product(seeds, models))
    try:
        train(comparison, trainings, quiet or as_json)
    except KeyboardInterrupt:
        click.echo(f"\nGo on with the same command and --run-dir {path}", err=True)
        raise
    results = [r for r in comparison.results if (r["seed"], r["model"]) in trainings]
    rows = [summarise(name, [r for r in results if r["model"] == name]) for name in models]
    if as_json:
        print_json({"task": task, "backend": backend, "seeds": seeds, "rows": rows})
    elif not quiet:
        labels = [label for label, _ in task_object.settings()]
        print_table(rows, labels, figure_name(results), f"{task} on {backend}, seeds {seeds}")
        click.echo(f"trainings: {path}")
    errors = [f"{r['model']}, seed {r['seed']}: {r['error']}" for r in results if "error" in r]
    if errors:
        raise S4NTMError(f"{len(errors)} of {len(results)} trainings failed. {errors[0]}")


def train(comparison, trainings, silent):
    """Train what has not been trained before, with progress."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "train"]
    with Progress(*columns, console=console(silent), transient=True) as progress:
        bar = progress.add_task("", total=len(trainings))
        for seed, model in trainings:
            progress.update(bar, description=f"{model}, seed {seed}")
            if not comparison.done(model, seed):
                comparison.train(model, seed, command)
            progress.advance(bar)


def print_table(rows, labels, name, title):
    """One row a model, one column a setting of the evaluation; on standard output."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        caption=f"{name}: median (lowest to highest)",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("model")
    for column in ("parameters", "solved", "failed", "seconds", "sequences\nto solve"):
        table.add_column(column, justify="right")
    for label in labels:
        table.add_column("\n".join(f"{k} {v}" for k, v in label.items()) or "test", justify="right")
    for row in rows:
        table.add_row(
            row["model"],
            short(row["parameters"]),
            f"{row['solved']}/{row['trainings']}",
            str(row["failed"]),
            short(row["seconds"]),
            short(row["sequences_to_solve"]),
            *(f"{f['median']:.3g}\n({f['low']:.3g} to {f['high']:.3g})" for f in row["figures"]),
        )
    output = Console()
    output.width = max(output.width, TABLE_WIDTH)
    output.print(table)


def short(value):
    """A whole number, or nothing."""
    return "" if value is None else f"{value:,.0f}"
