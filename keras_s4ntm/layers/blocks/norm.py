"""Norms of the channels of a time step.

Sources: Ba, Kiros, Hinton 2016, "Layer Normalization"; Zhang and Sennrich 2019, "Root Mean Square
Layer Normalization".
"""

import keras

from keras_s4ntm.backend.exporting import normalized
from keras_s4ntm.checks import check_choice
from keras_s4ntm.layers.file_format import check_format, with_format

NORMS = {"layer": keras.layers.LayerNormalization, "rms": keras.layers.RMSNormalization}


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class Norm(keras.layers.Layer):
    """A norm over the last axis, which every export takes, and which passes masks on.

        layer:  (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-5) gamma + beta
        rms:    x / sqrt(mean(x^2) + 1e-5) scale

    Args:
        kind: `"layer"` or `"rms"`.

    Raises:
        ValueError: there is no such norm.
    """

    def __init__(self, kind="rms", **kwargs):
        super().__init__(**kwargs)
        self.kind = check_choice("norm", kind, NORMS)
        self.normalization = NORMS[kind](epsilon=1e-5, name=kind, dtype=self.dtype_policy)
        self.supports_masking = self.normalization.supports_masking = True

    def build(self, input_shape):
        self.normalization.build(input_shape)
        self.built = True

    def call(self, inputs):
        return normalized(self.normalization, inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return with_format({**super().get_config(), "kind": self.kind})

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))
