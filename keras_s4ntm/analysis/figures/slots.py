"""The memory itself, over time.

Shapes: T time steps, N memory slots, M their width.
"""

import numpy as np
from matplotlib.ticker import MaxNLocator

from keras_s4ntm.analysis.answers import first_answer
from keras_s4ntm.analysis.figures.panels import Panel, draw, marked, number_rows, shades
from keras_s4ntm.analysis.figures.style import new_figure, styled


@styled
def memory_over_time(trace, sequence=0):
    """How much every slot holds at every time step, and what it holds at four of them.

    Args:
        trace: a `Trace`.
        sequence: which of its sequences.

    Returns:
        A matplotlib `Figure`, a column wide. Above, the Euclidean norm of every slot, before every
        time step and after the last; only slots that ever change are shown, and those between
        them. Below, the slots themselves at the start, at the first answer, in the middle of the
        answers and at the end.
    """
    memory = trace.memory[sequence]
    first, last = slots_that_change(memory)
    shown = memory[:, first : last + 1]
    figure = new_figure(3.8)
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    axis = upper.subplots()
    norms = np.linalg.norm(shown, axis=-1)
    image = draw(upper, axis, Panel("size of a slot", "slot", [norms], first))
    image.set_clim(0, float(norms.max()) or 1.0)
    axis.set_xlabel("before time step")
    end, answers = len(memory) - 1, first_answer(trace)
    if "target_mask" in trace.arrays:
        marked(axis, answers)
    else:
        answers = end // 2
    steps = sorted({0, answers, (answers + end) // 2, end})
    axes = lower.subplots(1, len(steps), sharey=True, squeeze=False)[0]
    for axis, step in zip(axes, steps, strict=True):
        image = axis.imshow(
            shown[step], origin="lower", aspect="auto", interpolation="auto", **shades(shown)
        )
        axis.set_title(f"step {step}")
        axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    number_rows(axes[0], shown.shape[1], first)
    axes[0].set_ylabel("memory\n(slot)")
    lower.supxlabel("column", fontsize=7)
    lower.colorbar(image, ax=list(axes), fraction=0.03, pad=0.02)
    return figure


def slots_that_change(memory):
    """The first and last slot that a sequence `(T+1, N, M)` changes noticeably; else all."""
    change = np.abs(memory - memory[0]).max(axis=(0, 2))
    changed = np.flatnonzero(change > 0.05 * max(change.max(), 1e-6))
    if not len(changed):
        return 0, memory.shape[1] - 1
    return changed[0], changed[-1]
