"""How the recurrent baselines are trained: as the others are."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    PASSES_THROUGH_MNIST,
    SLOWER,
    SURE,
    of_task,
)

for model in ("lstm", "gru", "dilated-lstm", "skip-lstm", "drr-lstm"):
    for task in ANSWERS:
        register_preset(model, task, ADAM, SURE, of_task(task))
register_preset(
    "lstm",
    CLASSIFICATION,
    PASSES_THROUGH_MNIST,
    ADAM,
    {
        "units": ([128], "As many parameters as the other networks."),
        "learning_rate": (1e-3, "With 4e-3 it stood at chance after 1,140 updates at 784 pixels."),
    },
)
for model, units in (
    ("gru", [150]),
    ("dilated-lstm", 32),
    ("skip-lstm", 128),
    ("drr-lstm", 224),
):
    size = {"units": (units, "As many parameters as the other networks.")}
    register_preset(model, CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, SLOWER, size)
