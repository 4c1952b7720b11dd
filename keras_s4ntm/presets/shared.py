"""Numbers that the presets of several models share."""

# The tasks by how they ask for what was presented.
IN_ORDER = "copy"
REPEATEDLY = "repeat-copy"
BY_CONTENT = ("multi-query-recall", "dynamic-ngrams")
OTHERS = ("associative-recall", "priority-sort", "selective-copy")
ANSWERS = (IN_ORDER, REPEATEDLY, *BY_CONTENT, *OTHERS)  # all that are answered step by step
CLASSIFICATION = ("seq-mnist", "pmnist")

ADAM = {
    "epsilon": (
        1e-4,
        "Steps shrink with the gradients. With Adam's usual 1e-7 they stay large once a task is "
        "solved, and slowly undo what rare sequences taught.",
    ),
}

SURE = {
    "solved_loss": (
        0.03,
        "Solved is a task without an error and far from making one; errors alone come back.",
    ),
}

ZERO_VECTORS = {
    "zero_vectors": (
        0.3,
        "A vector of zeros looks like the zero input of the recall. Of 8 random bits it is 1 in "
        "256, too rare for a network to learn the difference soon.",
    ),
}

HEAD_NOISE = {
    "head_noise": (
        0.25,
        "A decision that is nearly wrong is then wrong at times, and is learned with a margin.",
    ),
}

LARGE_INPUTS = {
    "input_variance": (
        4.0,
        "A marker is a single 1 in one channel at one time step; through Glorot's small weights it "
        "hardly moves the network, which then goes by zero inputs and slips where a vector of "
        "zeros is copied.",
    ),
}

CLIPPED = {
    "clip_norm": (
        0.3,
        "Single gradients are fifty times as large as the usual ones and undo what was learned: "
        "clipped to norm 1 they ended two trainings of copy in five with an NTM.",
    ),
}

LONGER_RECALL = {
    "steps": (1500, "It takes longer than copy."),
}

PASSES_THROUGH_MNIST = {
    "steps": (4200, "Five passes through the 54,000 images."),
    "batch_size": (64, "The batch of the published comparisons."),
    "learning_rate": (4e-3, "That of the S4D authors for state spaces on pixels."),
    "weight_decay": (0.01, "That of the S4D authors; the images are few."),
    "report_interval": (30, "A line of the history every 2,000 images."),
    "validation_interval": (840, "A validation after every pass."),
    "checkpoint_interval": (210, "A checkpoint every quarter of a pass."),
    "validation_sequences": (6000, "All images that are set apart for validation."),
}

SLOWER = {
    "learning_rate": (1e-3, "The usual rate of Adam; 4e-3 is for state spaces."),
}


def of_task(task):
    """The numbers that training on a task has whatever the model is."""
    longer = LONGER_RECALL if task == "associative-recall" else {}
    return {**longer, **(ZERO_VECTORS if task in ("copy", REPEATEDLY) else {})}
