"""The models by name, a file a family.

To add a model: a function in a module of its own, decorated with `@register_model`, and a line in
the imports below. In another package: the same function in a module that its entry point in the
group `keras_s4ntm.plugins` names; see `docs/extending.md`.
"""

from keras_s4ntm.models import (
    deltanet,
    dilated_lstm,
    dnc,
    drr_lstm,
    lstm,
    mamba,
    ntm,
    s4d,
    s4d_ntm,
    santm,
    skip_lstm,
    transformer,
)
from keras_s4ntm.models.registry import (
    DEFAULT_MODEL,
    MODELS,
    Model,
    Sizes,
    build_model,
    check_hyperparameters,
    register_model,
)

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "Model",
    "Sizes",
    "build_model",
    "check_hyperparameters",
    "deltanet",
    "dilated_lstm",
    "dnc",
    "drr_lstm",
    "lstm",
    "mamba",
    "ntm",
    "register_model",
    "s4d",
    "s4d_ntm",
    "santm",
    "skip_lstm",
    "transformer",
]
