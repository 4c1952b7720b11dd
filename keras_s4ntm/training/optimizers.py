"""The optimizer of training: AdamW with warm-up, cosine decay and slow state space weights."""

import re

import keras
from keras import ops

# The weights of a state space that set its timescales (`S4D`). They learn at most at this rate and
# never decay (Gu et al. 2022, and their code): the dynamics they stand for change fast with them.
SLOW_WEIGHTS = ("log_dt", "log_A_real", "A_imag")
SLOW_LEARNING_RATE = 1e-3

# Weights that stand for rates of selective recurrences (`Mamba`, `GatedDeltaNet`), and the first
# one's skip connection: as in their authors' code they never decay. Nor do the numbers of an
# `AccessMask`, which say when a memory is accessed.
NOT_DECAYING = ("A_log", "dt_bias", "D_skip", "scores", "spreads", "scales")

# Where a head looks everywhere and sharpens at every step, gradients grow by a factor of gamma per
# step and may leave the range of float32, in which their global norm would not be a number. Up to
# this bound the square of a gradient is well within it.
LARGEST_GRADIENT = 1e15


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SlowStateSpaceAdamW(keras.optimizers.AdamW):
    """AdamW in which the timescales of state spaces learn slowly and do not decay.

    Gradients beyond `LARGEST_GRADIENT`, infinite ones too, are cut to it and those that are not a
    number count as zero, so that clipping by norm always works. `nan_updates` counts the updates in
    which some were not a number, `nan_updates_in_a_row` the last ones without a break.

    Args:
        slow_ratio: what the learning rate is multiplied by for the weights `SLOW_WEIGHTS`.
        **kwargs: see `keras.optimizers.AdamW`.
    """

    def __init__(self, *args, slow_ratio=1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.slow_ratio = slow_ratio
        self.exclude_from_weight_decay(var_names=[*SLOW_WEIGHTS, *NOT_DECAYING])

    def build(self, variables):
        super().build(variables)
        self.nan_updates = self.add_variable((), name="nan_updates")
        self.nan_updates_in_a_row = self.add_variable((), name="nan_updates_in_a_row")

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(trainable_variables)
        sums = ops.stack([ops.sum(g) for g in grads if g is not None])
        nan = ops.cast(ops.any(ops.isnan(sums)), "float32")
        self.nan_updates.assign_add(nan)
        self.nan_updates_in_a_row.assign(nan * (self.nan_updates_in_a_row + nan))
        bound = LARGEST_GRADIENT
        grads = [g if g is None else ops.clip(ops.nan_to_num(g), -bound, bound) for g in grads]
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        # TensorFlow hands over its own variables, whose names are paths and end in a number.
        if set(re.split("[/:]", variable.name)) & set(SLOW_WEIGHTS):
            learning_rate = learning_rate * self.slow_ratio
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "slow_ratio": self.slow_ratio}


def make_optimizer(config):
    """The optimizer of a `TrainingConfig`.

    AdamW with a linear warm-up and a cosine decay to zero; gradients clipped by global norm.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(config.steps - config.warmup_steps, 1),
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    return SlowStateSpaceAdamW(
        schedule,
        weight_decay=config.weight_decay,
        epsilon=config.epsilon,
        global_clipnorm=config.clip_norm,
        slow_ratio=min(1.0, SLOW_LEARNING_RATE / config.learning_rate),
    )
