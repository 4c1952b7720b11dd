"""Numbers over time as an image, one panel below the other.

Shapes: T time steps, C channels.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from keras_s4ntm.analysis.figures.style import GREY, SIGNED, WRONG

ALIKE = 24  # channels that make a panel twice as high as it is at least


@dataclass(frozen=True)
class Panel:
    """A part of a figure with one image, or with one for each head.

    Args:
        name, unit: what stands beside it: what it shows, and what its rows are.
        images: a list of arrays `(T, C)`; those of several heads lie one above the other, the first
            one below.
        first: the number of the first row.
    """

    name: str
    unit: str
    images: list
    first: int = 0

    @property
    def height(self):
        """In units of one panel of few channels."""
        rows = sum(image.shape[1] for image in self.images)
        return 1.05 + min(rows / ALIKE, 0.6 + 0.45 * len(self.images))


def draw(figure, axis, panel, start=0):
    """Draw a panel, with the bar of its shades; returns the image.

    Args:
        figure, axis: matplotlib's.
        panel: a `Panel`.
        start: the number of the first time step.
    """
    values = np.concatenate(panel.images, axis=1).T
    channels = panel.images[0].shape[1]
    steps = values.shape[1]
    image = axis.imshow(
        values,
        aspect="auto",
        origin="lower",
        interpolation="auto",
        extent=(start - 0.5, start + steps - 0.5, -0.5, len(values) - 0.5),
        **shades(values),
    )
    axis.set_ylabel(f"{panel.name}\n({panel.unit})")
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    if len(panel.images) == 1:
        number_rows(axis, channels, panel.first)
    else:
        several(axis, len(panel.images), channels, panel.first)
    ends = [image.norm.vmin, image.norm.vmax]
    bar = figure.colorbar(image, ax=axis, fraction=0.03, pad=0.05, aspect=16, ticks=ends)
    bar.ax.set_yticklabels([f"{end:.2g}" for end in ends])
    return image


def shades(values):
    """Grey from 0 to 1, or to the largest number; cividis, 0 in the middle, of signed numbers."""
    largest = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    if np.nanmin(values, initial=0) < 0:
        return {"cmap": SIGNED, "vmin": -largest, "vmax": largest}
    return {"cmap": GREY, "vmin": 0, "vmax": max(largest, 1.0)}


def number_rows(axis, count, first):
    """Ticks at whole rows, which are numbered from `first` on."""
    shown = MaxNLocator(3, integer=True).tick_values(first, first + count - 1)
    shown = [tick for tick in shown if first <= tick <= first + count - 1]
    axis.yaxis.set_major_locator(FixedLocator([tick - first for tick in shown]))
    axis.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in shown]))


def several(axis, heads, channels, first):
    """A line between heads; the first and last row of each have their numbers."""
    ticks, labels = [], []
    for head in range(heads):
        bottom = head * channels
        if head:
            axis.axhline(bottom - 0.5, color="black", linewidth=0.8)
        inset = channels // 8
        ticks += [bottom + inset, bottom + channels - 1 - inset]
        labels += [f"{first + inset}", f"{first + channels - 1 - inset}"]
        axis.text(
            1.01, (bottom + channels / 2) / (heads * channels), f"head {head}",
            transform=axis.transAxes, va="center", fontsize=6, rotation=90,
        )  # fmt: skip
    axis.yaxis.set_major_locator(FixedLocator(ticks))
    axis.yaxis.set_major_formatter(FixedFormatter(labels))


def marked(axis, step):
    """A line before a time step: where the answers begin."""
    axis.axvline(step - 0.5, color=WRONG, linestyle="--", linewidth=0.9)
