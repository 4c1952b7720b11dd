"""S4D: a diagonal state space as a layer (`S4D`), and the residual block around it (`S4DBlock`).

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models", and the authors' code, github.com/state-spaces/s4, models/s4/s4d.py.

Shapes: B batch, L time steps, H channels (`units`), N `state_dimension`, n = N/2 modes.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_s4ntm.checks import check_choice, check_positive_int
from keras_s4ntm.ops import ssm


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4D(keras.layers.Layer):
    """H independent linear systems with N/2 complex modes each; no mixing of the channels.

        x' = A x + u,   y = 2 Re(C x) + D u

    A sequence is convolved with the systems' impulse responses by FFT. `step` computes the same
    recurrently, one time step of a stream; `chunk` from a given state in parallel. All of it is
    done in float32 whatever the dtype policy.

    Args:
        units: H, the channels of the input and of the output.
        state_dimension: N, even: real numbers in the state of a channel.
        initialisation: of A: `"lin"`, `"inv"`, `"legs"` or `"real"` (`keras_s4ntm.ops.ssm`).
            With `"real"` the frequencies stay zero: `A_imag` is not trained.
        discretisation: `"zoh"` or `"bilinear"`.
        dt_min, dt_max: the step sizes are drawn log-uniformly between them.
        bidirectional: whether an output depends on later inputs as well, through a second `C`.
            Such a layer has no `step` and no `chunk`.

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

    def __init__(
        self,
        units,
        state_dimension=64,
        initialisation="lin",
        discretisation="zoh",
        dt_min=1e-3,
        dt_max=0.1,
        bidirectional=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.state_dimension = check_positive_int("state_dimension", state_dimension)
        if state_dimension % 2:
            raise ValueError(
                f"state_dimension must be even (conjugate pairs), got {state_dimension}."
            )
        self.initialisation = check_choice(
            "initialisation", initialisation, tuple(ssm.INITIALISATIONS)
        )
        self.discretisation = check_choice("discretisation", discretisation, ("zoh", "bilinear"))
        if not 0 < dt_min <= dt_max:
            raise ValueError(f"0 < dt_min <= dt_max is required, got {dt_min!r} and {dt_max!r}.")
        self.dt_min, self.dt_max = dt_min, dt_max
        self.bidirectional = bool(bidirectional)
        self.modes = self.state_dimension // 2
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
        a_real, a_imag = ssm.INITIALISATIONS[self.initialisation](self.modes)
        modes, normal = (self.units, self.modes), keras.initializers.RandomNormal
        self.log_dt = self.add_parameter(
            "log_dt",
            (self.units,),
            keras.initializers.RandomUniform(math.log(self.dt_min), math.log(self.dt_max)),
        )
        self.log_a_real = self.add_parameter("log_A_real", modes, rows(np.log(-a_real)))
        self.a_imag = self.add_parameter(
            "A_imag", modes, rows(a_imag), trainable=self.initialisation != "real"
        )
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
        """The discretised system. It does not depend on the input: compute it before a loop."""
        return ssm.discretise(self.log_dt, self.log_a_real, self.a_imag, self.discretisation)

    def call(self, inputs, mask=None):
        u = ops.cast(inputs, "float32")
        if mask is not None:
            u = ops.where(ops.expand_dims(mask, -1), u, 0.0)
        transition, length = self.transition(), ops.shape(u)[1]
        kernel = ssm.add_skip(ssm.ssm_kernel(transition, self.c, length), self.d)
        if self.bidirectional:
            backward = ssm.ssm_kernel(transition, self.c_backward, length)
            y = ssm.bidirectional_convolution(u, kernel, backward)
        else:
            y = ssm.causal_convolution(u, kernel)
        return ops.cast(y, self.compute_dtype)

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
        return ops.cast(y + self.d * u, self.compute_dtype), states

    def check_streaming(self):
        if self.bidirectional:
            raise ValueError(
                "A bidirectional S4D depends on later inputs, so it has no state to start from "
                "and cannot run step by step. Use bidirectional=False."
            )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "state_dimension": self.state_dimension,
            "initialisation": self.initialisation,
            "discretisation": self.discretisation,
            "dt_min": self.dt_min,
            "dt_max": self.dt_max,
            "bidirectional": self.bidirectional,
        }


def rows(row):
    """An initializer: every row is `row`."""
    return lambda shape, dtype=None: ops.tile(ops.cast(row[None], dtype), (shape[0], 1))


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DBlock(keras.layers.Layer):
    """A residual block: S4D, GELU, dropout, a projection that mixes the channels with a GLU.

        pre:   x + dropout(GLU(dropout(GELU(S4D(norm(x)))) W + b))
        post:  norm(x + dropout(GLU(dropout(GELU(S4D(x))) W + b)))

    with `GLU([a, g]) = a sigmoid(g)`. One dropout mask holds for a whole sequence, and there is
    none in `step` and `chunk`.

    Args:
        units: H, the channels of the input and of the output.
        state_dimension, initialisation, discretisation, dt_min, dt_max, bidirectional: see `S4D`.
        norm: where the layer normalisation is: `"pre"`, `"post"` (the authors' example) or
            `None`.
        dropout: share of the channels that are dropped, of a sequence, in training.

    Call arguments:
        inputs: `(B, L, H)`.
        mask: `(B, L)`, boolean; see `S4D`.
        training: boolean.

    Weights: those of `S4D` and of `keras.layers.LayerNormalization`, and
        kernel: `(H, 2H)`. `output_linear.0.weight` of the authors' S4D is `(2H, H, 1)`: assign
            `weight[:, :, 0].T`.
        bias: `(2H,)`.
    """

    def __init__(
        self,
        units,
        state_dimension=64,
        initialisation="lin",
        discretisation="zoh",
        dt_min=1e-3,
        dt_max=0.1,
        bidirectional=False,
        norm="pre",
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.s4d = S4D(
            units,
            state_dimension,
            initialisation,
            discretisation,
            dt_min,
            dt_max,
            bidirectional,
            name="s4d",
            dtype=self.dtype_policy,
        )
        self.norm = check_choice("norm", norm, ("pre", "post", None))
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout must be in [0, 1), got {dropout!r}.")
        self.dropout = dropout
        self.seed_generator = keras.random.SeedGenerator()
        if norm is not None:
            self.normalisation = keras.layers.LayerNormalization(
                epsilon=1e-5, name="normalisation", dtype=self.dtype_policy
            )
        self.state_size, self.output_size = self.s4d.state_size, self.s4d.output_size
        self.supports_masking = True

    def build(self, input_shape):
        units = self.s4d.units
        self.s4d.build(input_shape)
        if self.norm is not None:
            self.normalisation.build(input_shape)
        self.kernel = self.add_weight(name="kernel", shape=(units, 2 * units))
        self.bias = self.add_weight(name="bias", shape=(2 * units,), initializer="zeros")
        self.built = True

    def call(self, inputs, mask=None, training=None):
        outputs = self.s4d(self.before(inputs), mask=mask)
        return self.after(inputs, outputs, training)

    def get_initial_state(self, batch_size):
        return self.s4d.get_initial_state(batch_size)

    def transition(self):
        """See `S4D.transition`."""
        return self.s4d.transition()

    def step(self, inputs, states, transition=None):
        """One time step of a stream; see `S4D.step`."""
        outputs, states = self.s4d.step(self.before(inputs), states, transition)
        return self.after(inputs, outputs), states

    def chunk(self, inputs, states):
        """A chunk of time steps of a stream; see `S4D.chunk`."""
        outputs, states = self.s4d.chunk(self.before(inputs), states)
        return self.after(inputs, outputs), states

    def before(self, inputs):
        """What S4D sees."""
        return self.normalisation(inputs) if self.norm == "pre" else inputs

    def after(self, inputs, outputs, training=False):
        """The block's output from its inputs and the outputs of S4D."""
        outputs = self.drop(ops.gelu(outputs, approximate=False), training)
        # A product of matrices: on JAX three times as fast as that of a (B, L, H) tensor.
        flat = ops.reshape(outputs, (-1, self.output_size))
        value, gate = ops.split(ops.matmul(flat, self.kernel) + self.bias, 2, axis=-1)
        mixed = ops.reshape(value * ops.sigmoid(gate), ops.shape(inputs))
        outputs = inputs + self.drop(mixed, training)
        return self.normalisation(outputs) if self.norm == "post" else outputs

    def drop(self, x, training):
        """Dropout of whole channels of a sequence."""
        if not training or self.dropout == 0.0:
            return x
        # Not `keras.random.dropout`: on torch it does not draw from the generator.
        uniform = keras.random.uniform((ops.shape(x)[0], 1, x.shape[-1]), seed=self.seed_generator)
        return ops.where(uniform < self.dropout, 0.0, x / (1.0 - self.dropout))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        s4d = self.s4d.get_config()
        return {
            **super().get_config(),
            **{key: s4d[key] for key in S4D_ARGUMENTS},
            "norm": self.norm,
            "dropout": self.dropout,
        }


S4D_ARGUMENTS = (
    "units",
    "state_dimension",
    "initialisation",
    "discretisation",
    "dt_min",
    "dt_max",
    "bidirectional",
)
