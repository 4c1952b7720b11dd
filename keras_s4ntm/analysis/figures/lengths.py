"""Answers and errors at lengths in and beyond those of training, as in Graves 2014, figure 4."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from keras_s4ntm.analysis.answers import kind_of, scored, wrong
from keras_s4ntm.analysis.figures.panels import shades
from keras_s4ntm.analysis.figures.signals import output_image, target_image
from keras_s4ntm.analysis.figures.style import WRONG, line, new_figure, styled
from keras_s4ntm.evaluation.comparison import FIGURES, figure, label_of


@styled
def generalisation(results, traces=(), trained=None):
    """Targets and outputs at some lengths, and the errors at all that were measured.

    Args:
        results: what `evaluate` returned: a list of dictionaries, one for each setting.
        traces: a list of `Trace`, of which the first sequence is shown where it is scored. Only
            `inputs`, `outputs`, `targets` and `target_mask` are used, and what `about` says of the
            setting. A wrong bit, or token, has a cross; targets that are tokens are circles, with
            a point in them where the answer is right.
        trained: the longest sequences of training; a dotted line stands there.

    Returns:
        A matplotlib `Figure`, a column wide.
    """
    names = list(label_of(results[0]))
    traces = [trace for trace in traces if kind_of(trace) in ("bits", "tokens")]
    ratios = [1] * len(traces) + [2]
    drawing = new_figure(1.9 + 0.82 * len(traces))
    axes = drawing.subplots(len(ratios), 1, height_ratios=ratios, squeeze=False)[:, 0]
    for axis, trace in zip(axes, traces, strict=False):
        draw_answers(axis, trace, names)
    if traces:
        axes[-2].set_xlabel("time step")
    draw_errors(axes[-1], [label_of(r) for r in results], {"": spread(results)}, trained)
    axes[-1].set_ylabel(y_name(results))
    return drawing


def y_name(results):
    """What is measured, in two short lines."""
    words = FIGURES[figure(results[0])[0]]
    return words.replace(" per ", "\nper ").replace(" of ", "\nof ")


def spread(results):
    """One network's figures, as `summarise` gives those of several."""
    values = [figure(result)[1] for result in results]
    return [{"median": value, "low": value, "high": value} for value in values]


def draw_answers(axis, trace, names):
    """The answers to the first sequence, with crosses at what is wrong."""
    errors = wrong(trace)[0]
    steps = np.flatnonzero(scored(trace)[0])
    draw = draw_bits if kind_of(trace) == "bits" else draw_tokens
    draw(axis, trace, steps, errors)
    axis.set_xlim(steps[0] - 0.5, steps[-1] + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    count, answers = int(errors.sum()), len(steps) * errors[0].size
    setting = ", ".join(f"{name} {trace.about[name]}" for name in names if name in trace.about)
    noun = {"bits": "bit", "tokens": "token"}[kind_of(trace)]
    axis.set_title(f"{setting}: {count} wrong {noun}{'s' * (count != 1)} of {answers}", pad=2)


def draw_bits(axis, trace, steps, errors):
    """Targets above, outputs below.

    Args:
        axis: matplotlib's.
        trace: a `Trace`.
        steps: those that are scored.
        errors: `(T, bits)`, boolean, what is wrong.
    """
    shown = slice(steps[0], steps[-1] + 1)
    outputs, targets = output_image(trace, 0)[shown], target_image(trace, 0)[shown]
    values = np.concatenate([outputs, targets], axis=1).T
    channels = outputs.shape[1]
    axis.imshow(
        values, aspect="auto", origin="lower", interpolation="auto",
        extent=(steps[0] - 0.5, steps[-1] + 0.5, -0.5, len(values) - 0.5), **shades(values),
    )  # fmt: skip
    axis.axhline(channels - 0.5, color="0.6", linewidth=1.2)
    middle = channels / 2 - 0.5
    axis.set_yticks([middle, channels + middle], ["outputs", "targets"])
    axis.tick_params(axis="y", length=0)
    axis.plot(*np.nonzero(errors), "x", color=WRONG, markersize=3)


def draw_tokens(axis, trace, steps, errors):
    """Circles at the targets, and points at the right answers; arguments as of `draw_bits`."""
    answers = trace.outputs[0].argmax(axis=-1)
    right = np.setdiff1d(steps, np.flatnonzero(errors))
    axis.plot(
        steps, trace.targets[0, steps], "o", color="0.5", markerfacecolor="none", markersize=4
    )
    axis.plot(right, answers[right], ".", color="black", markersize=2.5)
    axis.plot(np.flatnonzero(errors), answers[errors], "x", color=WRONG, markersize=3)
    axis.set_ylim(-3, trace.outputs.shape[-1] + 2)
    axis.set_ylabel("token")


def draw_errors(axis, labels, figures, trained=None):
    """Figures of a setting against settings, a line for each network.

    Args:
        axis: matplotlib's.
        labels: the settings, a list of dictionaries.
        figures: `{name: [{"median", "low", "high"}, ...]}`, one for each setting.
        trained: see `generalisation`.
    """
    varying = [name for name in labels[0] if len({label[name] for label in labels}) > 1]
    if len(varying) == 1:
        xs, name = [label[varying[0]] for label in labels], varying[0]
        axis.set_xlabel({"length": "length (vectors or steps)"}.get(name, f"number of {name}"))
    else:
        xs = range(len(labels))
        axis.set_xticks(xs, ["\n".join(f"{k} {v}" for k, v in label.items()) for label in labels])
    for number, (name, values) in enumerate(figures.items()):
        low, middle, high = ([v[key] for v in values] for key in ("low", "median", "high"))
        look = line(number)
        axis.plot(xs, middle, label=name, clip_on=False, **look)
        if low != high:
            axis.fill_between(xs, low, high, color=look["color"], alpha=0.15, linewidth=0)
    if trained is not None:
        axis.axvline(trained, color="0.5", linestyle=":", linewidth=1)
    lowest = min(value["low"] for values in figures.values() for value in values)
    if lowest >= 0:
        axis.set_ylim(0, max(axis.get_ylim()[1], 0.1))
