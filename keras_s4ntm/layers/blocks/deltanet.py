"""Gated DeltaNet: a memory that is a matrix, written by the gated delta rule.

Source: Yang, Kautz, Hatamizadeh 2024, "Gated Delta Networks: Improving Mamba2 with Delta Rule",
section 3.4 and figure 1.

Shapes: B batch, T time steps, H channels (`units`), h heads, K `key_dimension`, V
`value_dimension`.
"""

import keras
from keras import ops

from keras_s4ntm.layers.blocks.arguments import DeltaNetArguments
from keras_s4ntm.layers.blocks.mixer import Mixer, columns, project
from keras_s4ntm.layers.blocks.norm import Norm
from keras_s4ntm.layers.blocks.short_convolution import ShortConvolution
from keras_s4ntm.layers.blocks.step_sizes import log_uniform, step_size_bias
from keras_s4ntm.ops.delta_rule import delta_rule
from keras_s4ntm.ops.half_precision import saturated


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class GatedDeltaNet(Mixer):
    """Heads that write to a memory with erase and add, and read from it by a query.

        [q, k, v] = SiLU(convolution(W_qkv x)),   q, k divided by their lengths
        beta = sigmoid(W_b x),   alpha = exp(-exp(A_log) softplus(W_a x + dt_bias))
        S_t = alpha_t S_{t-1} (I - beta_t k_t k_t^T) + beta_t v_t k_t^T,   o_t = S_t q_t
        W_out (norm(o) * SiLU(W_g x))

    with the root mean square of a head as its norm. The memory is computed in float32 whatever the
    dtype policy. A masked input counts as zero, and its step leaves the memory as it is.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see `DeltaNetArguments`. The paper has keys of 3/4 H numbers in all heads
            together and values of twice as many: 6 H^2 weights.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean.

    Weights:
        qkv_proj: `(H, h (2 K + V))`, gate_proj: `(H, h V)`, ba_proj: `(H, 2 h)`, out_proj:
            `(h V, H)`.
        convolution: kernel `(kernel_size, h (2 K + V))`.
        norm: scale `(V,)`, the same for all heads.
        A_log, dt_bias: `(h,)`, float32. They do not decay in training.
    """

    Arguments = DeltaNetArguments

    def __init__(self, units, **arguments):
        super().__init__(units, **arguments)
        own = self.arguments
        self.keys, self.values = own.heads * own.key_dimension, own.heads * own.value_dimension
        self.channels = 2 * self.keys + self.values
        self.convolution = ShortConvolution(
            own.kernel_size, False, name="convolution", dtype=self.dtype_policy
        )
        self.norm = Norm("rms", name="norm", dtype="float32")
        self.state_size = [
            (own.kernel_size - 1) * self.channels,
            self.keys * own.value_dimension,
        ]

    def build(self, input_shape):
        super().build(input_shape)
        heads = self.arguments.heads
        self.qkv_proj = self.add_kernel("qkv_proj", self.units, self.channels)
        self.convolution.build((None, None, self.channels))
        self.ba_proj = self.add_kernel("ba_proj", self.units, 2 * heads)
        self.a_log = self.add_parameter("A_log", (heads,), log_uniform)
        self.dt_bias = self.add_parameter("dt_bias", (heads,), step_size_bias)
        self.norm.build((None, None, heads, self.arguments.value_dimension))
        self.gate_proj = self.add_kernel("gate_proj", self.units, self.values)
        self.out_proj = self.add_kernel("out_proj", self.values, self.units)

    def chunk(self, inputs, states, mask=None):
        own, (before, memory) = self.arguments, states
        if mask is not None:
            inputs = ops.where(ops.expand_dims(mask, -1), inputs, 0.0)
        x, before = self.convolution(project(inputs, self.qkv_proj), before)
        x = ops.cast(x, "float32")
        queries, keys, values = columns(x, (self.keys, self.keys, self.values))
        queries, keys = (normalized(self.by_head(x, own.key_dimension)) for x in (queries, keys))
        rates, log_decays = self.rates(inputs, mask)
        memory = ops.reshape(memory, (-1, own.heads, own.key_dimension, own.value_dimension))
        outputs, memory = delta_rule(
            queries, keys, self.by_head(values, own.value_dimension), rates, log_decays, memory
        )
        outputs = self.norm(outputs)
        outputs = ops.reshape(outputs, (*ops.shape(inputs)[:2], self.values))
        gate = ops.silu(project(inputs, self.gate_proj))
        outputs = project(saturated(outputs, self.compute_dtype) * gate, self.out_proj)
        return outputs, [before, ops.reshape(memory, (-1, self.state_size[1]))]

    def rates(self, inputs, mask):
        """beta and log alpha, `(B, T, h)`."""
        heads = self.arguments.heads
        rates, steps = columns(ops.cast(project(inputs, self.ba_proj), "float32"), (heads, heads))
        rates = ops.sigmoid(rates)
        log_decays = -ops.exp(self.a_log) * ops.softplus(steps + self.dt_bias)
        if mask is None:
            return rates, log_decays
        mask = ops.expand_dims(mask, -1)
        return ops.where(mask, rates, 0.0), ops.where(mask, log_decays, 0.0)

    def by_head(self, x, size):
        """`(B, T, h size)` as `(B, T, h, size)`."""
        return ops.reshape(x, (*ops.shape(x)[:2], self.arguments.heads, size))


def normalized(x):
    """Vectors of length one; those that are nearly zero stay so."""
    return x * ops.rsqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-6)
