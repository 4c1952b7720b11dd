"""The optimizer of the recipes: Adam, warm-up, cosine decay, gradient clipping."""

import keras

# Added to the root of Adam's second moment. It is far above the usual 1e-7 so that steps shrink
# with the gradients: once copy is solved they are small, and steps of full size in their direction
# would slowly undo what rare sequences taught; a rare large gradient still makes a large step.
EPSILON = 1e-4


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
    return keras.optimizers.Adam(schedule, epsilon=EPSILON, global_clipnorm=clip_norm)
