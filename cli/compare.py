"""`s4ntm compare`: several models on one task, with several seeds."""

import importlib.util
import itertools
import sys
import time
from pathlib import Path

import click

from keras_s4ntm.cli.environment import progress, use_backend
from keras_s4ntm.cli.options import (
    IntegerList,
    NameList,
    choose_experiment,
    common_options,
    data_option,
    how_it_starts,
    own_data,
    own_data_option,
    parameter_option,
    parse_assignments,
    preset_option,
)
from keras_s4ntm.cli.tables import plain_table, print_json, whole, wide_output
from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.evaluation.comparison import Comparison, figure_name, summarise
from keras_s4ntm.presets import AUTO

MODELS = "lstm,ntm,dnc,s4d,s4d-ntm"


@click.command("compare")
@click.argument("task")
@click.option("--models", type=NameList(), default=MODELS, show_default=True)
@click.option("--seeds", type=IntegerList(minimum=0), default="0,1,2", show_default=True)
@preset_option
@parameter_option("A parameter that all the models have, of the task or of training.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Of a training, at most.")
@click.option("--steps", type=click.IntRange(1), help="Updates of a training, at most.")
@click.option("--run-dir", metavar="DIR", help="Go on there. [runs/compare-TASK-TIME]")
@own_data_option
@data_option
@common_options
def command(
    task, models, seeds, preset, assignments, minutes, steps, run_dir, data, backend, quiet, as_json
):
    """Train models on TASK, evaluate them, and set the results side by side.

    Medians over the seeds, and the range. A network is solved when its validations were faultless
    several times in a row; its training then ends. Every model starts from its own preset, unless
    --preset says otherwise. The trainings are run directories below --run-dir; a comparison that
    was interrupted goes on with the same --run-dir.

    \b
    Examples:
      s4ntm compare copy
      s4ntm compare copy --preset none        how the papers start
      s4ntm compare associative-recall --models ntm,dnc --seeds 0,1,2,3,4 --minutes 10
      s4ntm compare copy --models lstm,ntm -p max_length=10 --run-dir runs/short
      s4ntm compare data.npz --models lstm,s4d-ntm --minutes 1
    """
    task, assignments = own_data(task, data, assignments)
    given = {k: v for k, v in {"minutes": minutes, "steps": steps}.items() if v is not None}
    values = parse_assignments(assignments) | given
    experiments = [choose_experiment(task, model, values, preset) for model in models]
    backend = use_backend(backend)
    silent = quiet or as_json
    preset = preset or AUTO
    options = ["--backend", backend, "--preset", preset]
    for name, value in given.items():
        options += [f"--{name}", str(value)]
    for assignment in assignments:
        options += ["-p", assignment]
    path = Path(run_dir or f"runs/compare-{task}-{time.strftime('%Y%m%d-%H%M%S')}")
    comparison = Comparison(path, [task, *options])
    if not silent:
        for experiment in experiments:
            click.echo(how_it_starts(experiment, values, preset), err=True)

    trainings = list(itertools.product(seeds, models))
    try:
        train(comparison, trainings, silent)
    except KeyboardInterrupt:
        click.echo(f"\nGo on with the same command and --run-dir {path}", err=True)
        raise
    results = [r for r in comparison.results if (r["seed"], r["model"]) in trainings]
    rows = [summarise(name, [r for r in results if r["model"] == name]) for name in models]
    files = []
    try:
        files = draw_figures(comparison, results, silent)
    finally:  # a figure that fails does not take the results with it
        if as_json:
            names = {e.model: e.preset for e in experiments}
            rows = [{"model": r["model"], "preset": names[r["model"]], **r} for r in rows]
            known = {"task": task, "backend": backend, "seeds": seeds, "rows": rows}
            print_json({**known, "figures": [str(file) for file in files]})
        elif not quiet:
            labels = [label for label, _ in experiments[0].task.settings()]
            print_table(rows, labels, figure_name(results), f"{task} on {backend}, seeds {seeds}")
            click.echo(f"trainings: {path}")
            if files:
                click.echo(f"figures: {path / 'plots'}")
    errors = [f"{r['model']}, seed {r['seed']}: {r['error']}" for r in results if "error" in r]
    if errors:
        raise S4NTMError(f"{len(errors)} of {len(results)} trainings failed. {errors[0]}")


def train(comparison, trainings, silent):
    """Train what has not been trained before, with progress."""
    command = [sys.executable, "-m", "keras_s4ntm.cli.main", "train"]
    with progress(silent) as display:
        bar = display.add_task("", total=len(trainings))
        for seed, model in trainings:
            display.update(bar, description=f"{model}, seed {seed}")
            if not comparison.done(model, seed):
                comparison.train(model, seed, command)
            display.advance(bar)


def draw_figures(comparison, results, silent):
    """Leave the figures of `s4ntm plot` beside the results, where matplotlib is installed.

    Returns their paths.

    Args:
        comparison: a `Comparison`.
        results: those of its results that were asked for.
        silent: whether nothing is said of it.
    """
    if importlib.util.find_spec("matplotlib") is None:
        return []
    from keras_s4ntm.analysis.figures.sources import OfComparison
    from keras_s4ntm.cli.plot import draw
    from keras_s4ntm.runs import Run

    wanted = {f"{result['model']}-{result['seed']}" for result in results}
    runs = [Run.open(path) for path in comparison.runs if path.name in wanted]
    source = OfComparison(runs, results)
    return draw(source, source.figures, comparison.path / "plots", silent=silent)


def print_table(rows, labels, name, title):
    """One row a model, one column a setting of the evaluation; on standard output."""
    settings = ["\n".join(f"{k} {v}" for k, v in label.items()) or "test" for label in labels]
    table = plain_table(
        title,
        ["model"],
        ["parameters", "solved", "failed", "seconds", "sequences\nto solve", *settings],
        caption=f"{name}: median (lowest to highest)",
    )
    for row in rows:
        table.add_row(
            row["model"],
            whole(row["parameters"]),
            f"{row['solved']}/{row['trainings']}",
            str(row["failed"]),
            whole(row["seconds"]),
            whole(row["sequences_to_solve"]),
            *(f"{f['median']:.3g}\n({f['low']:.3g} to {f['high']:.3g})" for f in row["figures"]),
        )
    wide_output().print(table)
