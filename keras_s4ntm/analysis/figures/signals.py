"""All that a network does in one sequence, as in Graves 2014, figure 6.

Shapes: T time steps, R read heads, W write heads, N memory slots, M their width.
"""

import numpy as np

from keras_s4ntm.analysis.answers import first_answer, kind_of, probabilities, scored
from keras_s4ntm.analysis.figures.panels import Panel, draw, marked
from keras_s4ntm.analysis.figures.style import new_figure, styled

SEEN = 0.1  # the weight from which on a slot counts as looked at
AROUND = 2  # slots shown around those


@styled
def verification(trace, sequence=0):
    """Inputs, targets, outputs, what is added and read, and where the heads are, over time.

    Args:
        trace: a `Trace`. What it lacks is left out: targets, or the quantities of a memory that
            names others.
        sequence: which of its sequences.

    Returns:
        A matplotlib `Figure`, a column wide. The dashed line stands before the first answer. Of
        several heads each has its number on the right.
    """
    panels = panels_of(trace, sequence)
    heights = [panel.height for panel in panels]
    figure = new_figure(0.4 + 0.55 * sum(heights))
    axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        draw(figure, axis, panel)
        if "target_mask" in trace.arrays:
            marked(axis, first_answer(trace))
    axes[-1].set_xlabel("time step")
    if kind_of(trace) == "classes":
        answer, target = trace.outputs[sequence].argmax(), trace.targets[sequence]
        axes[0].set_title(f"answer: class {answer}, target: class {target}")
    figure.align_ylabels(axes)
    return figure


def panels_of(trace, sequence):
    """The `Panel`s of one sequence, from above."""
    inputs = trace.inputs[sequence].astype("float32")
    inputs = inputs.reshape(len(inputs), -1)
    panels = [Panel("inputs", "channel", [inputs])]
    if kind_of(trace) in ("bits", "tokens", "values"):
        panels.append(Panel("targets", "channel", [target_image(trace, sequence)]))
    if trace.outputs.ndim == 3:
        panels.append(Panel("outputs", "channel", [output_image(trace, sequence)]))
    for name, words in (("add", "add vectors"), ("read_vectors", "read vectors")):
        if name in trace.arrays:
            panels.append(Panel(words, "column", of_heads(trace, name, sequence)))
    for name, words in (("write_weights", "write weights"), ("read_weights", "read weights")):
        if name in trace.arrays:
            weights = of_heads(trace, name, sequence)
            first, last = slots_seen(weights)
            shown = [head[:, first : last + 1] for head in weights]
            panels.append(Panel(words, "slot", shown, first))
    return panels


def target_image(trace, sequence):
    """Targets `(T, O)` where they are scored; tokens as one of O channels."""
    targets = trace.targets[sequence]
    if kind_of(trace) == "tokens":
        targets = np.arange(trace.outputs.shape[-1]) == targets[:, None]
    return targets * scored(trace)[sequence][:, None].astype("float32")


def output_image(trace, sequence):
    """Probabilities `(T, O)` of the outputs, or values, where they are scored."""
    found = probabilities(trace.outputs[sequence], kind_of(trace))
    return found * scored(trace)[sequence][:, None]


def of_heads(trace, name, sequence):
    """A quantity of every head: a list of `(T, ...)`."""
    return list(np.moveaxis(trace.arrays[name][sequence], 1, 0))


def slots_seen(weights):
    """The first and last slot that a head looks at, with some around them; else all."""
    slots = weights[0].shape[1]
    looked = np.max([head.max(axis=0) for head in weights], axis=0) >= SEEN
    seen = np.flatnonzero(looked)
    if not len(seen):
        return 0, slots - 1
    return max(seen[0] - AROUND, 0), min(seen[-1] + AROUND, slots - 1)
