"""How SANTM is trained: as the others are."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    CLIPPED,
    LONGER_RECALL,
    PASSES_THROUGH_MNIST,
    REPEATEDLY,
    SLOWER,
    SURE,
    ZERO_VECTORS,
)

MASK = {
    "mask_steps": (64, "Sequences are shorter than 784 time steps, and so is the mask."),
}

for task in ANSWERS:
    zeros = ZERO_VECTORS if task in ("copy", REPEATEDLY) else {}
    longer = LONGER_RECALL if task == "associative-recall" else {}
    register_preset("santm", task, ADAM, SURE, CLIPPED, MASK, longer, zeros)
register_preset("santm", CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, CLIPPED, SLOWER)
