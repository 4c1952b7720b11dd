"""`s4ntm plot`: figures of a run, of several, of a comparison, or of a trace."""

from pathlib import Path

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import (
    IntegerList,
    NameList,
    common_options,
    data_option,
    setting_of,
    traced_options,
    usage_errors,
)
from keras_s4ntm.cli.tables import print_json
from keras_s4ntm.parameters import suggest

FORMATS = ("png", "svg")
NO_MODEL = ("training", "comparison")  # figures that are drawn without loading Keras


@click.command("plot")
@click.argument("paths", metavar="RUN...", nargs=-1, required=True)
@click.option("--figures", type=NameList(), help="Some of those above. [all]")
@click.option("--length", type=click.IntRange(1), help="Of the traced sequence. [the task's own]")
@click.option("--lengths", type=IntegerList(), help="To evaluate at. [half to 6 times training's]")
@click.option("--sequences", type=click.IntRange(1), help="To evaluate. [256, or the whole test]")
@traced_options
@click.option("--output", metavar="DIR", help="[RUN/plots; of several runs: plots]")
@click.option("--format", type=click.Choice([*FORMATS, "both"]), default="both")
@data_option
@common_options
def command(paths, figures, output, format, backend, quiet, as_json, **options):
    """Draw RUN for a paper, as PNG and SVG.

    \b
    training        loss and errors against sequences seen and seconds
    generalisation  answers in and beyond the training length, errors against length
    verification    all that the network does in one sequence
    memory          every slot over time
    attribution     which write is read when
    comparison      models side by side

    Of several runs their trainings are drawn together, by model: median and range. RUN may also be
    the directory of a comparison, or a file of `s4ntm trace`.

    \b
    Examples:
      s4ntm plot runs/mine
      s4ntm plot runs/mine --figures verification --length 40 --format svg
      s4ntm plot runs/ntm-0 runs/ntm-1 runs/dnc-0 --output plots
      s4ntm plot runs/compare-copy --figures comparison
    """
    silent = quiet or as_json
    source, folder = source_of([Path(path) for path in paths], options)
    for name in figures or ():
        if name not in source.figures:
            raise click.UsageError(suggest("figure", name, source.figures))
    chosen = figures or source.figures
    if hasattr(source, "run") and set(chosen) - set(NO_MODEL):
        load_keras(use_backend(backend, source.run.backend), silent)
    formats = FORMATS if format == "both" else (format,)
    asked = figures is not None
    files = draw(source, chosen, Path(output or folder), formats, asked=asked, silent=silent)
    if as_json:
        known = {"files": [str(file) for file in files]}
        print_json({**known, "results": source.results} if hasattr(source, "run") else known)
    elif not quiet:
        click.echo("\n".join(map(str, files)))


def source_of(paths, options):
    """`(source, folder)`: what is drawn, and where its figures go."""
    from keras_s4ntm.analysis.figures import sources
    from keras_s4ntm.analysis.trace_file import Trace
    from keras_s4ntm.evaluation.comparison import Comparison
    from keras_s4ntm.runs import Run

    path, *others = paths
    special = [p for p in paths if p.suffix == ".npz" or (p / "results.json").is_file()]
    if special and others:
        raise click.UsageError(f"{special[0]} is no run: it is drawn by itself.")
    if path.suffix == ".npz":
        return sources.OfTrace(Trace.load(path)), path.with_suffix("")
    if special:
        comparison = Comparison.open(path)
        runs = [Run.open(run) for run in comparison.runs]
        return sources.OfComparison(runs, comparison.results), path / "plots"
    if others:
        return sources.OfRuns([Run.open(path) for path in paths]), Path("plots")
    run, length = Run.open(path), options.pop("length")
    setting = setting_of(run.experiment.task, length)
    with usage_errors():
        run.experiment.task.settings(options["lengths"])
    return sources.OfRun(run, setting, **options), path / "plots"


def draw(source, names, folder, formats=FORMATS, *, asked=False, silent=False):
    """Draw and write figures; returns the paths.

    Args:
        source: what is drawn.
        names: of the figures.
        folder: where they go.
        formats: `"png"`, `"svg"`.
        asked: whether the user wants these. Else one that does not exist is left out.
        silent: whether nothing is said of that.
    """
    from keras_s4ntm.analysis.figures import save

    files = []
    for name in names:
        try:
            with console(silent).status(f"drawing {name}"):
                figure = getattr(source, name)()
        except ValueError as error:
            if asked:
                raise click.UsageError(str(error)) from error
            console(silent).print(f"no {name}: {error}", markup=False, highlight=False)
            continue
        files += save(figure, folder / name, formats)
    return files
