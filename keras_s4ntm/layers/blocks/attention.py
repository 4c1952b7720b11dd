"""Causal attention with several heads, and the positions that it needs.

Source: Vaswani et al. 2017, "Attention Is All You Need", sections 3.2 and 3.5.

Shapes: B batch, T time steps, H channels (`units`), h heads, W `context`.
"""

import math

import keras
from keras import ops

from keras_s4ntm.layers.blocks.arguments import AttentionArguments
from keras_s4ntm.layers.blocks.mixer import Mixer, columns, project


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class CausalAttention(Mixer):
    """Every step looks at itself and at the steps before it, by content.

        [q, k, v] = W_qkv x,   o_t = sum_{t-W < s <= t} softmax_s(q_t k_s / sqrt(H/h)) v_s
        W_out [o of all heads]

    Step by step, the keys and the values of the last W steps are the states.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see `AttentionArguments`.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean. Nothing but itself looks at a masked step.

    Weights: qkv_proj `(H, 3 H)`, out_proj `(H, H)`.
    """

    Arguments = AttentionArguments

    def __init__(self, units, **arguments):
        super().__init__(units, **arguments)
        self.state_size = [self.arguments.context * self.units] * 2 + [1]

    def build(self, input_shape):
        super().build(input_shape)
        self.qkv_proj = self.add_kernel("qkv_proj", self.units, 3 * self.units)
        self.out_proj = self.add_kernel("out_proj", self.units, self.units)

    def call(self, inputs, mask=None):
        places = ops.arange(ops.shape(inputs)[1])
        distances = ops.expand_dims(places, 1) - places
        seen = (distances >= 0) & (distances < self.arguments.context)
        seen = ops.expand_dims(seen, 0)
        if mask is not None:
            seen = (seen & ops.expand_dims(mask, 1)) | (distances == 0)
        return self.attend(*self.parts(inputs), seen)

    def step(self, inputs, states):
        keys, values, count = states
        query, key, value = self.parts(ops.expand_dims(inputs, 1))
        keys, values = self.shifted(keys, key), self.shifted(values, value)
        places = ops.arange(self.arguments.context, 0, -1, dtype="float32")
        seen = ops.expand_dims(places, 0) <= ops.cast(count, "float32") + 1.0
        outputs = self.attend(query, keys, values, ops.expand_dims(seen, 1))
        states = [ops.cast(x, "float32") for x in (keys, values)]
        states = [ops.reshape(x, (-1, s)) for x, s in zip(states, self.state_size, strict=False)]
        return ops.squeeze(outputs, 1), [*states, ops.cast(count, "float32") + 1.0]

    def parts(self, inputs):
        """Queries, keys and values, `(B, T, H)` each."""
        return columns(project(inputs, self.qkv_proj), [self.units] * 3)

    def shifted(self, state, new):
        """The last W keys or values, `(B, W, H)`, the new one at the end."""
        past = ops.reshape(state, (-1, self.arguments.context, self.units))
        return ops.concatenate([past[:, 1:], ops.cast(new, past.dtype)], axis=1)

    def attend(self, queries, keys, values, seen):
        """The outputs `(B, T, H)`; `seen` is `(1 or B, T, S)`, boolean."""
        heads = self.arguments.heads
        size = self.units // heads

        def by_head(x):
            x = ops.reshape(ops.cast(x, "float32"), (*ops.shape(x)[:2], heads, size))
            return ops.swapaxes(x, 1, 2)

        scores = ops.matmul(by_head(queries), ops.swapaxes(by_head(keys), -1, -2))
        scores = ops.where(ops.expand_dims(seen, 1), scores / math.sqrt(size), -1e30)
        outputs = ops.matmul(ops.softmax(scores, axis=-1), by_head(values))
        outputs = ops.reshape(ops.swapaxes(outputs, 1, 2), ops.shape(queries))
        return project(ops.cast(outputs, self.compute_dtype), self.out_proj)


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class PositionEncoding(keras.layers.Layer):
    """Adds to every step waves of its place: `sin(t / 10000^(i/n))` and the cosines, i < n = H/2.

    Call arguments:
        inputs: `(B, T, H)`, H even; any batch size, any length.

    Raises:
        ValueError: the number of channels is odd.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        if input_shape[-1] % 2:
            raise ValueError(
                f"Positions are pairs of a sine and a cosine: units must be even, got "
                f"{input_shape[-1]}."
            )
        self.state_size = [1]
        self.built = True

    def call(self, inputs):
        places = ops.expand_dims(ops.arange(ops.shape(inputs)[1]), -1)
        return inputs + self.waves(places, inputs)

    def get_initial_state(self, batch_size):
        """The place of the first step, `(batch_size, 1)`."""
        return [ops.zeros((batch_size, 1), "float32")]

    def step(self, inputs, states):
        """One time step of a stream: `(outputs, states)`."""
        place = ops.cast(states[0], "float32")
        return inputs + self.waves(place, inputs), [place + 1.0]

    def waves(self, places, inputs):
        """`(..., 1)` to `(..., H)`."""
        half = inputs.shape[-1] // 2
        rates = ops.exp(-math.log(10000.0) / half * ops.arange(half, dtype="float32"))
        phases = ops.cast(places, "float32") * rates
        waves = ops.concatenate([ops.sin(phases), ops.cos(phases)], axis=-1)
        return ops.cast(waves, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
