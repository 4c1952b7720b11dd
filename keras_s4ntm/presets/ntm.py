"""How NTMs start."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    CLIPPED,
    HEAD_NOISE,
    LARGE_INPUTS,
    PASSES_THROUGH_MNIST,
    REPEATEDLY,
    SURE,
    ZERO_VECTORS,
)

TRAINING = {
    **ADAM,
    **SURE,
    **CLIPPED,
    "steps": (1500, "Copy takes 1,000 to 1,400 updates."),
    "patience": (6, "Errors still come back after fewer faultless validations in a row."),
}

HEADS = {
    **HEAD_NOISE,
    **LARGE_INPUTS,
    "initial_read_weights": (
        "uniform",
        "Read heads that start at slot 0 learn to wait there; from everywhere at once they have "
        "to search for their place by content.",
    ),
    "write_interpolation_bias": (-3.0, "The write heads walk: their gate is open by 5 %."),
    "write_shift_bias": (3.0, "They step by +1 with 91 % of their weight."),
    "content_scale": (
        3.0,
        "What is looked for and written starts large, where a head looks with the usual weights.",
    ),
    "order": (
        "read-first",
        "A read does not see the write of its step; else the controller hands vectors through the "
        "memory instead of storing them.",
    ),
}

FORGETFUL = {
    "forget_bias": (
        -2.0,
        "The LSTM forgets, so that what it remembers by itself, which fades with time, is no way "
        "to learn the task.",
    ),
    "recurrent_gain": (0.1, "Its own last output reaches it through a tenth of the usual weights."),
}

READS_ONLY = {
    "output": ("reads", "Nothing reaches the output but through the memory."),
}

for model in ("ntm", "ntm-cached"):
    for task in ANSWERS:
        register_preset(
            model,
            task,
            TRAINING,
            HEADS,
            FORGETFUL,
            {} if task == REPEATEDLY else READS_ONLY,  # there the controller counts
            ZERO_VECTORS if task in ("copy", REPEATEDLY) else {},
        )
    register_preset(model, CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, CLIPPED, HEADS)
