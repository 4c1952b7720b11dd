"""`s4ntm analyze`: what a run's memory does, in numbers and in words."""

import click

from keras_s4ntm.cli.environment import console, load_keras, use_backend
from keras_s4ntm.cli.options import (
    common_options,
    data_option,
    setting_of,
    traced_options,
    usage_errors,
)
from keras_s4ntm.cli.tables import figure, plain_table, print_json, wide_output

SHOWN = 3  # movements of a head in the table


@click.command("analyze")
@click.argument("path", metavar="RUN")
@click.option("--length", type=click.IntRange(1), help="Of the sequences. [the task's own]")
@click.option("--sequences", type=click.IntRange(1), default=16, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Of the capacity. [8 times training's]")
@traced_options
@data_option
@common_options
def command(path, length, sequences, limit, seed, layer, backend, quiet, as_json):
    """Measure what the memory of RUN does, on test data.

    How much of the memory is used, how sharply the heads look, by content or by place, how they
    move, how long it lasts what was written, the longest sequence without an error, what is lost
    without the memory, with flipped inputs and with noise; and in words what the heads do.

    \b
    Examples:
      s4ntm analyze runs/mine
      s4ntm analyze runs/mine --length 40 --sequences 64 --json
    """
    from keras_s4ntm.runs import Run

    run = Run.open(path)
    task = run.experiment.task
    setting = setting_of(task, length)
    backend = use_backend(backend, run.backend)
    load_keras(backend, quiet or as_json)

    from keras_s4ntm.analysis import learned_algorithm, measure, memory_share, robustness
    from keras_s4ntm.analysis.samples import trace_test

    status = console(quiet or as_json).status
    with status("tracing"), usage_errors():
        model = run.load_model()
        traced = trace_test(model, setting, sequences=sequences, seed=seed, layer=layer)
        found = {"algorithm": learned_algorithm(traced), **measure(traced)}
    with status("running without the memory, and with noise"):
        found["without_memory"] = memory_share(model, traced, layer)
        found["robustness"] = robustness(model, traced, layer=layer, seed=seed)
    with status("looking for the longest sequence"):
        found["capacity"] = capacity_of(run, model, limit, sequences, seed)
    if as_json:
        known = {"task": task.name, "model": run.experiment.model, "backend": backend}
        print_json({**known, **setting[0], **found})
    elif not quiet:
        label = "".join(f", {name} {number}" for name, number in setting[0].items())
        print_measures(found, f"{task.name}, {run.experiment.model} on {backend}{label}")


def capacity_of(run, model, limit, sequences, seed):
    """`{"length", "limit"}`, or `None` of a task without errors to count or a length to choose."""
    from keras_s4ntm.analysis.trials import TIMES, capacity, training_length
    from keras_s4ntm.training.fit import errors_of

    task = run.experiment.task
    if errors_of(task) is None:
        return None
    try:
        _, trained = training_length(task)
    except ValueError:
        return None
    limit = limit or TIMES * trained
    options = {"limit": limit, "sequences": sequences, "seed": seed}
    length = capacity(model, task, **options, causal=run.experiment.is_causal)
    return {"length": length, "limit": limit}


def print_measures(found, title):
    """The sentences, a table of the heads, and the other measures; on standard output."""
    click.echo("\n".join([title, *(f"  {sentence}" for sentence in found["algorithm"])]))
    table = plain_table(None, ["head"], ["sharpness, bits", "by content", "moves by"])
    for name, head in found["heads"].items():
        moves = list(head["movement"].items())[:SHOWN]
        moved = ", ".join(f"{step}: {share:.1%}" for step, share in moves)
        content = head.get("by_content")
        by_content = "" if content is None else f"{content:.1%}"
        table.add_row(name, figure(head["sharpness"]), by_content, moved)
    wide_output().print(table)
    for words, text in lines(found):
        click.echo(f"{words:32} {text}")


def lines(found):
    """`(name, text)` of every measure that is not of a head."""
    if "errors" in found:
        yield "errors per sequence", figure(found["errors"])
    if "utilisation" in found:
        yield "slots written to", f"{found['utilisation']:.1%}"
    if "persistence" in found:
        yield "left after so many steps", each(found["persistence"], "{:.1%}")
    without = found["without_memory"]
    yield "outputs through the memory", f"{without['share']:.1%}"
    yield "errors without the memory", figure(without["errors_without"])
    robust = found["robustness"]
    if "flipped_inputs" in robust:
        yield "errors, inputs flipped", each(robust["flipped_inputs"], "{:.3g}")
    yield "errors, noise in the memory", each(robust["memory_noise"], "{:.3g}")
    if found["capacity"]:
        length, limit = found["capacity"]["length"], found["capacity"]["limit"]
        yield "longest without an error", f"{length}" + " (the limit)" * (length == limit)


def each(values, form):
    """`1: 99 %, 2: 98 %` of a dictionary."""
    return ", ".join(f"{name}: {form.format(value)}" for name, value in values.items())
