"""The residual block: a norm, a layer, and a way around both.

Source: Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture" (pre-norm).
"""

import keras

from keras_s4ntm.layers.arguments import check_dtypes
from keras_s4ntm.layers.blocks.mixer import Mixer
from keras_s4ntm.layers.blocks.norm import Norm
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.ops.half_precision import saturated, widened


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class Residual(keras.layers.Layer):
    """`x + layer(norm(x))`.

    Args:
        layer: a `Mixer`: `CausalAttention`, `Mamba`, `GatedDeltaNet`, `FeedForward`, ...
        norm: see `Norm`.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean; see the layer.

    Raises:
        ValueError: the layer is of another kind, or computes in another dtype.
    """

    def __init__(self, layer, *, norm="rms", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, Mixer):
            raise ValueError(
                "Residual wraps a layer of keras_s4ntm.layers such as Mamba(64) or "
                f"CausalAttention(64), got {layer!r}."
            )
        check_dtypes(self, layer)
        self.layer = layer
        self.norm = Norm(norm, name="norm", dtype=self.dtype_policy)
        self.state_size, self.supports_masking = layer.state_size, True

    def build(self, input_shape):
        self.norm.build(input_shape)
        if not self.layer.built:
            self.layer.build(input_shape)
        self.built = True

    def call(self, inputs, mask=None):
        return self.added(inputs, self.layer(self.norm(inputs), mask=mask))

    def step(self, inputs, states):
        """One time step of a stream; see `Mixer.step`."""
        outputs, states = self.layer.step(self.norm(inputs), states)
        return self.added(inputs, outputs), states

    def added(self, inputs, outputs):
        """The sum, within the range of float16."""
        return saturated(widened(inputs) + widened(outputs), self.compute_dtype)

    def get_initial_state(self, batch_size):
        return self.layer.get_initial_state(batch_size)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.layer)
        return with_format({**super().get_config(), "layer": layer, "norm": self.norm.kind})

    @classmethod
    def from_config(cls, config):
        config = check_format(cls, config)
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)
