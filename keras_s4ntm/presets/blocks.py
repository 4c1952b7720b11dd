"""How the transformer, Mamba and Gated DeltaNet are trained: as the others are."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    LARGE_INPUTS,
    LONGER_RECALL,
    PASSES_THROUGH_MNIST,
    REPEATEDLY,
    SLOWER,
    SURE,
    ZERO_VECTORS,
)

for model in ("transformer", "mamba", "deltanet"):
    for task in ANSWERS:
        zeros = ZERO_VECTORS if task in ("copy", REPEATEDLY) else {}
        longer = LONGER_RECALL if task == "associative-recall" else {}
        register_preset(model, task, ADAM, SURE, LARGE_INPUTS, longer, zeros)
    register_preset(model, CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, LARGE_INPUTS, SLOWER)
