"""How the transformer, Mamba and Gated DeltaNet are trained: as the others are."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    LARGE_INPUTS,
    PASSES_THROUGH_MNIST,
    SLOWER,
    SURE,
    of_task,
)

for model in ("transformer", "mamba", "deltanet"):
    for task in ANSWERS:
        register_preset(model, task, ADAM, SURE, LARGE_INPUTS, of_task(task))
    register_preset(model, CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, LARGE_INPUTS, SLOWER)
