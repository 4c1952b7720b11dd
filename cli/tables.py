"""Results on standard output: JSON, or tables."""

import json
import math

import click

TABLE_WIDTH = 110  # at least, where standard output is no terminal or a narrow one


def print_json(value):
    """One JSON object on standard output."""
    click.echo(json.dumps(value))


def trained_parameters(model):
    """How many numbers of a model are trained."""
    return sum(math.prod(weight.shape) for weight in model.trainable_variables)


def wide_output():
    """A Rich console on standard output, at least `TABLE_WIDTH` columns wide."""
    from rich.console import Console

    output = Console()
    output.width = max(output.width, TABLE_WIDTH)
    return output


def plain_table(title, names, numbers, caption=None):
    """A Rich table without vertical lines, for many columns.

    Args:
        title, caption: what stands above and below.
        names: headings of the first columns, which hold names.
        numbers: headings of the others, which hold numbers.
    """
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in names:
        table.add_column(name)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def figure(value):
    """A number with three digits; nothing of `None`."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def whole(value):
    """A whole number; nothing of `None`."""
    return "" if value is None else f"{value:,.0f}"


def print_results(results, title):
    """The table of an evaluation, on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    columns = [name for name in results[0] if name not in ("confusion", "class_names")]
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for row in results:
        values = [row[column] for column in columns]
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values))
    Console().print(table)
    for row in results:
        if "confusion" in row:
            print_confusion(row["confusion"], row.get("class_names"))


def print_confusion(confusion, class_names=None):
    """How often each class was taken for each, on standard output; names default to numbers."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    names = [escape(str(name)) for name in class_names or range(len(confusion))]
    table = Table(title="class (rows), taken for (columns)", title_justify="left")
    for name in ["", *names]:
        table.add_column(name, justify="right")
    for name, counts in zip(names, confusion, strict=True):
        table.add_row(f"[bold]{name}", *(str(n) if n else "" for n in counts))
    Console().print(table)
