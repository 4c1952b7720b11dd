"""S4D: diagonal state spaces as a layer.

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models", and the authors' code, github.com/state-spaces/s4, models/s4/s4d.py.

Shapes: B batch, L time steps, H channels (`units`), N `state_dimension`, n = N/2 modes.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.layers.s4d.arguments import StateSpaceArguments
from keras_s4ntm.ops import bidirectional_convolution, causal_convolution, ssm
from keras_s4ntm.ops.half_precision import saturated


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4D(keras.layers.Layer):
    """H independent linear systems with N/2 complex modes each; no mixing of the channels.

        x' = A x + u,   y = 2 Re(C x) + D u

    A sequence is convolved with the systems' impulse responses by FFT. `step` computes the same
    recurrently, one time step of a stream; `chunk` from a given state in parallel. All of it is
    done in float32 whatever the dtype policy.

    Args:
        units: H, the channels of the input and of the output.
        bidirectional: whether an output depends on later inputs as well, through a second `C`.
            Such a layer has no `step` and no `chunk`.
        **arguments: see `StateSpaceArguments`.

    Call arguments:
        inputs: `(B, L, H)`; any batch size, any length.
        mask: `(B, L)`, boolean. The input of a masked step counts as zero.

    Weights, all float32, with the names, shapes and meaning of the authors' S4D (the file named
    above), so that its weights can be assigned as they are:
        log_dt: `(H,)`.
        log_A_real, A_imag: `(H, n)`; A = -exp(log_A_real) + i A_imag.
        C: `(H, n, 2)`, real and imaginary part. B is one.
        D: `(H,)`.
        C_backward: `(H, n, 2)`, of bidirectional layers only.

    Raises:
        ValueError: an argument that cannot be meant; an input that has not H channels.
    """

    def __init__(self, units, *, bidirectional=False, **arguments):
        own, rest = claim(self, arguments, StateSpaceArguments, "bidirectional")
        super().__init__(**rest)
        self.arguments = StateSpaceArguments(units=units, **own)
        self.units = self.arguments.units
        self.bidirectional = bool(bidirectional)
        self.modes = self.arguments.state_dimension // 2
        # The real, then the imaginary parts of all modes of all channels.
        self.state_size = [self.units * self.modes] * 2
        self.output_size = self.units
        self.supports_masking = True

    def build(self, input_shape):
        if input_shape[-1] != self.units:
            raise ValueError(
                f"S4D maps each channel to itself: units={self.units}, but the input has "
                f"{input_shape[-1]} channels. Put a Dense({self.units}) in front of it."
            )
        kind = self.arguments.state_initializer
        a_real, a_imag = ssm.INITIALIZATIONS[kind](self.modes)
        modes, normal = (self.units, self.modes), keras.initializers.RandomNormal
        self.log_dt = self.add_parameter(
            "log_dt",
            (self.units,),
            keras.initializers.RandomUniform(
                math.log(self.arguments.dt_min), math.log(self.arguments.dt_max)
            ),
        )
        self.log_a_real = self.add_parameter("log_A_real", modes, rows(np.log(-a_real)))
        self.a_imag = self.add_parameter("A_imag", modes, rows(a_imag), trainable=kind != "real")
        self.c = self.add_parameter("C", (*modes, 2), normal(stddev=math.sqrt(0.5)))
        self.d = self.add_parameter("D", (self.units,), normal(stddev=1.0))
        if self.bidirectional:
            self.c_backward = self.add_parameter(
                "C_backward", (*modes, 2), normal(stddev=math.sqrt(0.5))
            )
        self.built = True

    def add_parameter(self, name, shape, initializer, trainable=True):
        """A weight that is float32, and stays so under mixed precision."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            trainable=trainable,
            dtype="float32",
            autocast=False,
        )

    def transition(self):
        """The discretized system. It does not depend on the input: compute it before a loop."""
        method = self.arguments.discretization
        return ssm.discretize(self.log_dt, self.log_a_real, self.a_imag, method)

    def call(self, inputs, mask=None):
        u = ops.cast(inputs, "float32")
        if mask is not None:
            u = ops.where(ops.expand_dims(mask, -1), u, 0.0)
        transition, length = self.transition(), ops.shape(u)[1]
        kernel = ssm.add_skip(ssm.ssm_kernel(transition, self.c, length), self.d)
        if self.bidirectional:
            backward = ssm.ssm_kernel(transition, self.c_backward, length)
            y = bidirectional_convolution(u, kernel, backward)
        else:
            y = causal_convolution(u, kernel)
        return saturated(y, self.compute_dtype)

    def get_initial_state(self, batch_size):
        """Zeros: two tensors `(batch_size, H * n)`, float32, real and imaginary parts."""
        self.check_streaming()
        return [ops.zeros((batch_size, size), "float32") for size in self.state_size]

    def step(self, inputs, states, transition=None):
        """One time step of a stream.

        Args:
            inputs: `(B, H)`.
            states: the states after the step before; at first `get_initial_state(B)`.
            transition: `self.transition()`, where it was computed before a loop.

        Returns:
            `(outputs, states)`; step by step the same outputs as the whole sequence gives.
        """
        return self.advance(ssm.ssm_step, inputs, states, transition)

    def chunk(self, inputs, states):
        """As `step`, for a chunk of time steps in parallel: `(B, L, H)` to `(B, L, H)`."""
        return self.advance(ssm.ssm_chunk, inputs, states)

    def advance(self, function, inputs, states, transition=None):
        """Outputs and flat states of `ssm_step` or `ssm_chunk`."""
        self.check_streaming()
        u = ops.cast(inputs, "float32")
        state = [
            ops.reshape(ops.cast(part, "float32"), (-1, self.units, self.modes)) for part in states
        ]
        transition = self.transition() if transition is None else transition
        y, state = function(u, state, transition, self.c)
        states = [
            ops.reshape(part, (-1, size)) for part, size in zip(state, self.state_size, strict=True)
        ]
        return saturated(y + self.d * u, self.compute_dtype), states

    def check_streaming(self):
        if self.bidirectional:
            raise ValueError(
                "A bidirectional S4D depends on later inputs, so it has no state to start from "
                "and cannot run step by step. Use bidirectional=False."
            )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return with_format(
            {
                **super().get_config(),
                **self.arguments.config(),
                "bidirectional": self.bidirectional,
            }
        )

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))


def rows(row):
    """An initializer: every row is `row`."""
    return lambda shape, dtype=None: ops.tile(ops.cast(row[None], dtype), (shape[0], 1))
