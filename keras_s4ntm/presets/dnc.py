"""How DNCs start."""

from keras_s4ntm.presets.ntm import FORGETFUL, READS_ONLY
from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.s4d import CLASSIFIER, DIRECT, FAST_STATES, STATE_SPACE_RATE
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    CLASSIFICATION,
    HEAD_NOISE,
    LARGE_INPUTS,
    PASSES_THROUGH_MNIST,
    REPEATEDLY,
    SURE,
    of_task,
)

HEADS = {
    **HEAD_NOISE,
    **LARGE_INPUTS,
    "free_gate_bias": (-4.0, "What was read is kept at first: free gates are closed."),
    "allocation_gate_bias": (3.0, "Writing prefers free slots."),
    "write_gate_bias": (3.0, "Every time step is written at first."),
    "backward_mode_bias": (-2.0, "Reads seldom follow the links backward."),
    "forward_mode_bias": (1.0, "They rather follow them forward: what was written next."),
    "read_key_scale": (3.0, "What is looked for starts large."),
    "add_scale": (3.0, "What is written starts large."),
    "order": ("read-first", "A read does not see the write of its step, as for ntm."),
}

TRAINING = {
    **ADAM,
    **SURE,
    "batch_size": (8, "The links of eight sequences fit into the cache of a core."),
}

for task in ANSWERS:
    reads = {} if task == REPEATEDLY else READS_ONLY
    steps = {"steps": (2500, "Copy takes some 800 updates of eight; other tasks take more.")}
    register_preset("dnc", task, TRAINING, HEADS, FORGETFUL, steps, reads, of_task(task))
    steps = {"steps": (800, "As for s4d-ntm.")}
    register_preset(
        "s4d-dnc", task, ADAM, SURE, STATE_SPACE_RATE, HEADS, FAST_STATES, DIRECT, steps, reads,
        of_task(task),
    )  # fmt: skip
register_preset("dnc", CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, HEADS)
register_preset("s4d-dnc", CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, HEADS, DIRECT, CLASSIFIER)
