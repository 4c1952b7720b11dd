"""The optimizer of the recipes: Adam, warm-up, cosine decay, gradient clipping."""

import keras

# Adam's memory of the size of gradients: 100 steps, not the usual 1,000. Late in training gradients
# are small; a rare large one, divided by the small size remembered, would undo what was learned.
BETA_2 = 0.99


def make_optimizer(steps, learning_rate, warmup_steps, clip_norm):
    """Adam with a linear warm-up and a cosine decay to zero; gradients clipped by global norm.

    Args:
        steps: updates in all, the warm-up included.
        learning_rate: the highest rate, reached after the warm-up.
        warmup_steps: updates of the warm-up.
        clip_norm: gradients are scaled down to this global norm.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(steps - warmup_steps, 1),
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
    )
    return keras.optimizers.Adam(schedule, beta_2=BETA_2, global_clipnorm=clip_norm)
