"""Mamba: a gated selective state space.

Source: Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
section 3.4 and figure 3, and the authors' code (github.com/state-spaces/mamba,
`modules/mamba_simple.py`).

Shapes: B batch, T time steps, H channels (`units`), D = E H channels in the state space, N
`state_dimension`, R = H / 16, rounded up.
"""

import math

import keras
from keras import ops

from keras_s4ntm.layers.blocks.arguments import MambaArguments
from keras_s4ntm.layers.blocks.mixer import Mixer, columns, project
from keras_s4ntm.layers.blocks.short_convolution import ShortConvolution
from keras_s4ntm.layers.blocks.step_sizes import log_arange, step_size_bias
from keras_s4ntm.ops.half_precision import saturated
from keras_s4ntm.ops.selective_scan import selective_scan


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class Mamba(Mixer):
    """A selective state space between two linear maps, with a gate.

        [x, z] = W_in u,   x = SiLU(convolution(x)),   [d, B, C] = W_x x
        dt = softplus(W_dt d + dt_bias)
        h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t,   y_t = C_t h_t + D x_t,   A = -exp(A_log)
        W_out (y * SiLU(z))

    The state space is computed in float32 whatever the dtype policy. A masked input counts as
    zero, and its step leaves the state as it is.

    Args:
        units: H, the channels of the input and of the output.
        **arguments: see `MambaArguments`.

    Call arguments:
        inputs: `(B, T, H)`; any batch size, any length.
        mask: `(B, T)`, boolean.

    Weights, with the names of the authors' code and its start; linear maps are transposed:
        in_proj: `(H, 2 D)`, x_proj: `(D, R + 2 N)`, dt_proj: `(R, D)`, out_proj: `(D, H)`.
        convolution: kernel `(kernel_size, D)`, bias `(D,)`.
        dt_bias: `(D,)`, A_log: `(D, N)`, D_skip: `(D,)`, float32. They do not decay in training.
    """

    Arguments = MambaArguments

    def __init__(self, units, **arguments):
        super().__init__(units, **arguments)
        own = self.arguments
        self.inner = own.expansion * own.units
        self.rank = math.ceil(own.units / 16)
        self.convolution = ShortConvolution(
            own.kernel_size, True, name="convolution", dtype=self.dtype_policy
        )
        self.state_size = [(own.kernel_size - 1) * self.inner, self.inner * own.state_dimension]

    def build(self, input_shape):
        super().build(input_shape)
        inner, rank, states = self.inner, self.rank, self.arguments.state_dimension
        self.in_proj = self.add_kernel("in_proj", self.units, 2 * inner)
        self.convolution.build((None, None, inner))
        self.x_proj = self.add_kernel("x_proj", inner, rank + 2 * states)
        limit = keras.initializers.RandomUniform(-(rank**-0.5), rank**-0.5)
        self.dt_proj = self.add_weight(name="dt_proj", shape=(rank, inner), initializer=limit)
        self.dt_bias = self.add_parameter("dt_bias", (inner,), step_size_bias)
        self.a_log = self.add_parameter("A_log", (inner, states), log_arange)
        self.d = self.add_parameter("D_skip", (inner,), "ones")
        self.out_proj = self.add_kernel("out_proj", inner, self.units)

    def chunk(self, inputs, states, mask=None):
        own, (before, state) = self.arguments, states
        if mask is not None:
            inputs = ops.where(ops.expand_dims(mask, -1), inputs, 0.0)
        x, z = columns(project(inputs, self.in_proj), (self.inner, self.inner))
        x, before = self.convolution(x, before)
        sizes = (self.rank, own.state_dimension, own.state_dimension)
        rates, b, c = columns(project(x, self.x_proj), sizes)
        rates, u, b, c = (
            ops.cast(part, "float32") for part in (project(rates, self.dt_proj), x, b, c)
        )
        delta = ops.softplus(rates + self.dt_bias)
        if mask is not None:
            delta = ops.where(ops.expand_dims(mask, -1), delta, 0.0)
        state = ops.reshape(state, (-1, self.inner, own.state_dimension))
        y, state = selective_scan(u, delta, -ops.exp(self.a_log), b, c, state)
        y = saturated(y + self.d * u, self.compute_dtype) * ops.silu(z)
        return project(y, self.out_proj), [before, ops.reshape(state, (-1, self.state_size[1]))]
