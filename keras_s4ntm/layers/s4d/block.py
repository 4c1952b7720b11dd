"""The residual block around S4D.

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models", and the authors' code, github.com/state-spaces/s4, models/s4/s4d.py.

Shapes: B batch, L time steps, H channels (`units`).
"""

import keras
from keras import ops

from keras_s4ntm.backend.exporting import gelu, normalized
from keras_s4ntm.checks import check_choice
from keras_s4ntm.layers.arguments import LAYER_ARGUMENTS, refuse_unknown
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.layers.s4d.arguments import StateSpaceArguments, check_dropout
from keras_s4ntm.layers.s4d.s4d import S4D
from keras_s4ntm.ops.half_precision import saturated, widened


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DBlock(keras.layers.Layer):
    """A residual block: S4D, GELU, dropout, a projection that mixes the channels with a GLU.

        pre:   x + dropout(GLU(dropout(GELU(S4D(norm(x)))) W + b))
        post:  norm(x + dropout(GLU(dropout(GELU(S4D(x))) W + b)))

    with `GLU([a, g]) = a sigmoid(g)`. One dropout mask holds for a whole sequence, and there is
    none in `step` and `chunk`.

    Args:
        units: H, the channels of the input and of the output.
        norm: where the layer normalization is: `"pre"`, `"post"` (the authors' example) or
            `None`.
        dropout: share of the channels that are dropped, of a sequence, in training.
        **arguments: those of `S4D`.

    Call arguments:
        inputs: `(B, L, H)`.
        mask: `(B, L)`, boolean; see `S4D`.
        training: boolean.

    Weights: those of `S4D` and of `keras.layers.LayerNormalization`, and
        kernel: `(H, 2H)`. `output_linear.0.weight` of the authors' S4D is `(2H, H, 1)`: assign
            `weight[:, :, 0].T`.
        bias: `(2H,)`.
    """

    def __init__(self, units, *, norm="pre", dropout=0.0, **arguments):
        own = ("norm", "dropout", "bidirectional", *StateSpaceArguments.names())
        refuse_unknown(self, arguments, (*own, *LAYER_ARGUMENTS))
        rest = {k: arguments.pop(k) for k in LAYER_ARGUMENTS if k in arguments}
        super().__init__(**rest)
        self.s4d = S4D(units, **arguments, name="s4d", dtype=self.dtype_policy)
        self.norm = check_choice("norm", norm, ("pre", "post", None))
        check_dropout(dropout)
        self.dropout = dropout
        self.seed_generator = keras.random.SeedGenerator()
        if norm is not None:
            self.normalization = keras.layers.LayerNormalization(
                epsilon=1e-5, name="normalization", dtype=self.dtype_policy
            )
        self.state_size, self.output_size = self.s4d.state_size, self.s4d.output_size
        self.supports_masking = True

    def build(self, input_shape):
        units = self.s4d.units
        self.s4d.build(input_shape)
        if self.norm is not None:
            self.normalization.build(input_shape)
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
        return normalized(self.normalization, inputs) if self.norm == "pre" else inputs

    def after(self, inputs, outputs, training=False):
        """The block's output from its inputs and the outputs of S4D."""
        outputs = self.drop(gelu(widened(outputs)), training)
        # A product of matrices: on JAX three times as fast as that of a (B, L, H) tensor.
        flat = ops.reshape(outputs, (-1, self.output_size))
        both = ops.add(ops.matmul(flat, self.kernel), self.bias)
        value, gate = ops.split(both, 2, axis=-1)
        mixed = ops.reshape(value * ops.sigmoid(gate), ops.shape(inputs))
        outputs = saturated(widened(inputs) + self.drop(mixed, training), self.compute_dtype)
        return normalized(self.normalization, outputs) if self.norm == "post" else outputs

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
        return with_format(
            {
                **self.s4d.get_config(),
                **super().get_config(),
                "norm": self.norm,
                "dropout": self.dropout,
            }
        )

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))
