"""Loss and errors while training."""

from dataclasses import dataclass

import numpy as np

from keras_s4ntm.analysis.figures.style import PAGE, WRONG, line, new_figure, styled

ERRORS = {
    "bit_errors": "wrong bits per sequence",
    "token_errors": "wrong tokens per sequence",
    "accuracy": "right answers (share)",
    "rmse": "root mean square error",
}
AXES = {"sequences": "sequences seen (thousands)", "seconds": "training time (s)"}


@dataclass(frozen=True)
class History:
    """How a training went.

    Args:
        label: whose it is; those of one label are drawn as one curve.
        records: `history.json` of a run, a list of dictionaries.
        batch_size: sequences of a step.
    """

    label: str
    records: list
    batch_size: int

    @classmethod
    def of(cls, run):
        """That of a `Run`, with the name of its model."""
        experiment = run.experiment
        return cls(experiment.model, run.read_history(), experiment.training.batch_size)

    def curve(self, name, over):
        """`(xs, ys)` of a quantity, where the records have it.

        Args:
            name: of the quantity.
            over: `"sequences"`, in thousands, or `"seconds"`.
        """
        needed = {name, "step", "seconds"}
        records = [record for record in self.records if needed <= set(record)]
        if over == "sequences":
            xs = [record["step"] * self.batch_size / 1000 for record in records]
        else:
            xs = [record["seconds"] for record in records]
        return np.array(xs), np.array([record[name] for record in records], "float64")


@styled
def training_curve(histories):
    """Loss and errors against sequences seen and against seconds.

    Args:
        histories: a list of `History`. Where there are several of one label, the line is their
            median and the band goes from the lowest to the highest; a training that ended keeps
            its last figures. Of one single training the validations are marked as well.

    Returns:
        A matplotlib `Figure`, two columns wide.

    Raises:
        ValueError: none of them has a record.
    """
    histories = [history for history in histories if len(history.curve("loss", "seconds")[0])]
    if not histories:
        raise ValueError("There is nothing to draw: no training has a record yet.")
    known = {name for history in histories for name in history.records[0]}
    names = ["loss", *[name for name in ERRORS if name in known][:1]]
    figure = new_figure(1.8 * len(names), PAGE * 0.8)
    axes = figure.subplots(len(names), 2, sharex="col", sharey="row", squeeze=False)
    for row, name in zip(axes, names, strict=True):
        for axis, over in zip(row, AXES, strict=True):
            draw_curves(axis, histories, name, over)
        unit = "mean squared error" if "rmse" in names else "nats"
        row[0].set_ylabel({"loss": f"loss ({unit})", **ERRORS}[name])
    for axis, over in zip(axes[-1], AXES, strict=True):
        axis.set_xlabel(AXES[over])
        axis.set_xlim(left=0)
    axes[0, 0].set_yscale("log")
    legend = {"loc": "outside upper center", "ncols": 5, "frameon": False, "handlelength": 3}
    labels = list(dict.fromkeys(history.label for history in histories))
    if len(histories) > 1:
        figure.legend(axes[0, 0].get_lines(), labels, **legend)
    else:
        figure.legend(*axes[0, 0].get_legend_handles_labels(), **legend)
    return figure


def draw_curves(axis, histories, name, over):
    """One curve for every label."""
    for number, label in enumerate(dict.fromkeys(history.label for history in histories)):
        curves = [h.curve(name, over) for h in histories if h.label == label]
        xs, ys = together([curve for curve in curves if len(curve[0])])
        look = {**line(number), "markevery": (0.05, 0.15)}
        axis.plot(xs, np.median(ys, axis=0), label=f"{label}, training", **look)
        if len(ys) > 1:
            low, high = ys.min(axis=0), ys.max(axis=0)
            axis.fill_between(xs, low, high, color=look["color"], alpha=0.15, linewidth=0)
    if len(histories) == 1:
        xs, ys = histories[0].curve(f"val_{name}", over)
        axis.plot(xs, ys, "x", color=WRONG, markersize=4, label="validation")


def together(curves):
    """Curves at all their xs: `(X,)` and `(curves, X)`; each keeps its last value after its end."""
    start = max(xs[0] for xs, _ in curves)
    xs = np.unique(np.concatenate([xs for xs, _ in curves]))
    xs = xs[xs >= start]
    return xs, np.stack([np.interp(xs, *curve) for curve in curves])
