"""How a model is trained. Imports no framework."""

import math
from dataclasses import dataclass

from keras_s4ntm.checks import check_choice, check_positive_int
from keras_s4ntm.parameters import parameters_of
from keras_s4ntm.registry import check_parameter_names

CURRICULA = ("none", "uniform", "look-back")


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; intervals are in steps. Presets have other values (`presets`).

    Args:
        steps: updates in all; training stops earlier when the task is solved.
        minutes: training stops after so many at the latest; by default it has the time it takes.
        batch_size: sequences in a batch.
        learning_rate: the highest rate of Adam.
        warmup_steps: updates until that rate is reached; then it decays to zero as a cosine.
        epsilon: what Adam adds to the root of its second moment.
        clip_norm: global norm that gradients are clipped to.
        weight_decay: share of a weight that decays per step and unit of learning rate.
        report_interval: between two records of the history.
        validation_interval: between two validations.
        checkpoint_interval: between two checkpoints.
        validation_sequences: sequences of a validation.
        patience: faultless validations in a row after which the task counts as solved.
        solved_loss: the loss, in nats a bit or token or as a mean squared error, below which a
            validation without an error counts as faultless; by default any.
        curriculum: `"none"`, `"uniform"` or `"look-back"`, see `Curriculum`.
    """

    steps: int = 1000
    minutes: float | None = None
    batch_size: int = 32
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    epsilon: float = 1e-7
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    report_interval: int = 20
    validation_interval: int = 100
    checkpoint_interval: int = 100
    validation_sequences: int = 1024
    patience: int = 4
    solved_loss: float | None = None
    curriculum: str = "none"

    def __post_init__(self):
        check_choice("curriculum", self.curriculum, CURRICULA)
        for name in (
            "steps",
            "batch_size",
            "report_interval",
            "validation_interval",
            "checkpoint_interval",
            "validation_sequences",
            "patience",
        ):
            check_positive_int(name, getattr(self, name))
        for name in ("learning_rate", "epsilon", "clip_norm", "minutes", "solved_loss"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive, got {value}.")
        for name in ("warmup_steps", "weight_decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}.")

    @property
    def steps_per_epoch(self):
        """Steps of an epoch of `model.fit`: the most that fit into every interval. The last epoch
        of a training may have fewer.
        """
        return min(
            self.steps,
            math.gcd(self.report_interval, self.validation_interval, self.checkpoint_interval),
        )


check_parameter_names("training", "training", parameters_of(TrainingConfig))
