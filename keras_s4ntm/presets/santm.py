"""How SANTM is trained: as the others are."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    CLIPPED,
    PASSES_THROUGH_MNIST,
    SLOWER,
    SURE,
    of_task,
)

MASK = {
    "mask_steps": (64, "Sequences are shorter than 784 time steps, and so is the mask."),
}

for task in ANSWERS:
    register_preset("santm", task, ADAM, SURE, CLIPPED, MASK, of_task(task))
register_preset("santm", CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, CLIPPED, SLOWER)
