"""The picture of the README: where the heads of a trained network look while it copies.

s4ntm train copy --run-dir runs/copy
python docs/figures/copy_memory.py runs/copy docs/figures/copy_memory.png
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from matplotlib.ticker import MaxNLocator

from keras_s4ntm import load_run
from keras_s4ntm.layers.memory.states import shaped

LENGTH = 20  # vectors of the sequence
SLOTS = slice(0, 52)  # that are shown


def head_weights(layer, inputs):
    """The weights of all heads at every time step of one sequence: `(T, W+R, N)`."""
    cell, weights = layer.cell, []
    states = shaped(layer.get_initial_state(1), cell.state_shapes)
    for x in inputs[0]:
        projected = cell.project_inputs(ops.convert_to_tensor(x[None]))
        _, states, _ = cell.step(projected, states)
        weights.append(ops.convert_to_numpy(cell.named(states).access.weights)[0])
    return np.stack(weights)


def main(run, output):
    task, model = load_run(run)
    batch = task.at_length(LENGTH).batch("test", seed=0, index=0, batch_size=1)
    layer = model.get_layer("s4d_ntm")
    weights = head_weights(layer, batch.inputs)
    outputs = 1 / (1 + np.exp(-model.predict(batch.inputs, verbose=0)[0]))

    rows = [
        ("inputs", batch.inputs[0].T, 1.2),
        ("outputs", (outputs * batch.mask[0][:, None]).T, 1.0),
        ("write weights", weights[:, 0, SLOTS].T, 2.2),
        *(
            (f"read weights {i + 1}", weights[:, 1 + i, SLOTS].T, 2.2)
            for i in range(weights.shape[1] - 1)
        ),
    ]
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(7, 8), sharex=True, height_ratios=[height for *_, height in rows],
        layout="constrained",
    )  # fmt: skip
    for axis, (name, values, _) in zip(axes, rows, strict=True):
        image = axis.imshow(values, aspect="auto", cmap="Greys", vmin=0, vmax=1, origin="lower")
        axis.set_ylabel(f"{name}\n({'slot' if 'weights' in name else 'channel'})", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.axvline(LENGTH + 1, color="tab:orange", linewidth=1)
    axes[-1].set_xlabel("time step; behind the line, the end marker, is the recall", fontsize=8)
    figure.colorbar(image, ax=axes, shrink=0.3, label="weight, or probability")
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
