"""Models side by side, after a comparison."""

from keras_s4ntm.analysis.figures.lengths import draw_errors
from keras_s4ntm.analysis.figures.style import new_figure, styled


@styled
def comparison(rows, labels, name):
    """What the table of `s4ntm compare` shows, against the settings of the evaluation.

    Args:
        rows: what `summarise` returned for each model.
        labels: the settings, a list of dictionaries.
        name: what the figures are.

    Returns:
        A matplotlib `Figure`, a column wide: the median of each model, and a band from its lowest
        to its highest training.

    Raises:
        ValueError: no training gave figures.
    """
    figures = {row["model"]: row["figures"] for row in rows if row["figures"]}
    if not figures:
        raise ValueError("There is nothing to draw: no training gave figures.")
    drawing = new_figure(2.3)
    axis = drawing.subplots()
    draw_errors(axis, labels, figures)
    axis.set_ylabel(name)
    drawing.legend(loc="outside upper center", ncols=3, frameon=False, handlelength=3)
    return drawing
