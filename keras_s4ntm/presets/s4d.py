"""How S4D and S4D-NTM start."""

from keras_s4ntm.presets.preset import register_preset
from keras_s4ntm.presets.shared import (
    ADAM,
    ANSWERS,
    BY_CONTENT,
    CLASSIFICATION,
    CLIPPED,
    HEAD_NOISE,
    IN_ORDER,
    LARGE_INPUTS,
    OTHERS,
    PASSES_THROUGH_MNIST,
    REPEATEDLY,
    SURE,
    of_task,
)

STATE_SPACE_RATE = {
    "learning_rate": (4e-3, "That of the S4D authors; timescales learn at 1e-3 at most."),
}

TRAINING = {
    **ADAM,
    **SURE,
    **STATE_SPACE_RATE,
    "steps": (800, "Copy takes 400 to 500 updates."),
}

MEMORY_TRAINING = {
    **CLIPPED,
    "patience": (3, "Solved networks stay solved: three faultless validations are enough."),
}

FAST_STATES = {
    "dt_min": (
        0.1,
        "State spaces forget within 20 steps. With 0.01, of which a mode lasts 200, logits drift "
        "with the length of the sequence.",
    ),
    "dt_max": (
        1.0,
        "A marker, one event at one time step, enters a state with a gain proportional to dt.",
    ),
}

CLASSIFIER = {
    "blocks": (4, "The four layers of the S4D authors; dt is theirs, the default."),
    "dropout": (0.05, "The images are few."),
}

DIRECT = {
    "direct_content_variance": (4.0, "As input_variance: markers and data reach the heads."),
    "direct_addressing_variance": (1.0, "Half as large for the numbers that say where heads look."),
}

WALKING_WRITES = {
    "write_interpolation_bias": (-6.0, "The write heads walk: their gate is open by 0.2 %."),
    "write_shift_bias": (8.0, "They step by +1 with 99.9 % of their weight."),
}

FIRMLY_WALKING_WRITES = {
    "write_interpolation_bias": (
        -10.0,
        "The write heads walk so firmly that training hardly changes it: with -6 two of twenty "
        "networks failed on longer sequences.",
    ),
    "write_shift_bias": (13.0, "The same of the shift by +1."),
}

WALKING_READS = {
    "read_interpolation_bias": (-3.0, "The read heads walk, and may jump by content."),
    "read_shift_bias": (3.0, "They step by +1 with 91 % of their weight."),
    "read_strength_bias": (3.0, "A strong key finds one slot among many where the gate opens."),
}

FIRMLY_WALKING_READS = {
    **WALKING_READS,
    "read_shift_bias": (
        8.0,
        "Firmly: with 3 two of thirty networks failed, with 8 one, and in a tenth fewer updates.",
    ),
}

LOOKING_UP = {
    "read_interpolation_bias": ([-3.0, 3.0], "Every second read head looks up at every step."),
    "read_shift_bias": ([3.0, 0.0], "That one does not walk."),
    "read_strength_bias": ([3.0, 6.0], "It looks with a strong key."),
}

MEMORY = {
    **HEAD_NOISE,
    **LARGE_INPUTS,
    **DIRECT,
    "memory_width": (
        32,
        "With 20 the search finds now and then a data vector that is more like the key than the "
        "start is.",
    ),
    "initial_read_weights": (
        "uniform",
        "Read heads that start at slot 0 learn to wait there; from everywhere at once they have "
        "to search for their place by content.",
    ),
    "content_scale": (
        0.1,
        "What is stored comes at first from the inputs, not from features that mix it with what "
        "came before.",
    ),
}

ANSWERING = {
    **FAST_STATES,
    "read_heads": (2, "With one, three networks of ten still made errors."),
    "output": (
        "recent-reads",
        "The gate of a read head opens at the end marker itself; what it finds may be asked for "
        "one step later.",
    ),
}

FEEDBACK = {
    "read_feedback": (
        True,
        "To repeat is to count; the read vectors tell what is done.",
    ),
}

HEADS = {
    IN_ORDER: (FIRMLY_WALKING_WRITES, FIRMLY_WALKING_READS),
    REPEATEDLY: (FIRMLY_WALKING_WRITES, FIRMLY_WALKING_READS, FEEDBACK),
    **dict.fromkeys(BY_CONTENT, (WALKING_WRITES, LOOKING_UP)),
    **dict.fromkeys(OTHERS, (WALKING_WRITES, WALKING_READS)),
}

for task in ANSWERS:
    register_preset("s4d", task, TRAINING, LARGE_INPUTS, FAST_STATES, of_task(task))
    register_preset(
        "s4d-ntm", task, TRAINING, MEMORY_TRAINING, MEMORY, ANSWERING, *HEADS[task], of_task(task)
    )
register_preset("s4d", CLASSIFICATION, PASSES_THROUGH_MNIST, ADAM, LARGE_INPUTS, CLASSIFIER)
register_preset(
    "s4d-ntm",
    CLASSIFICATION,
    PASSES_THROUGH_MNIST,
    ADAM,
    MEMORY,
    CLASSIFIER,
    WALKING_WRITES,
    WALKING_READS,
    {
        "access_interval": (
            16,
            "Only every 16th pixel: the loop is the cost.",
        ),
    },
)
