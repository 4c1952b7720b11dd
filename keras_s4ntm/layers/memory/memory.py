"""The memory matrix: its size, and what it holds before the first step."""

import keras
from keras import ops

from keras_s4ntm.checks import check_finite, check_positive_int
from keras_s4ntm.ops.memory import transposed


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class Memory(keras.layers.Layer):
    """An external memory of `memory_size` slots, each a vector of `memory_width` numbers.

    Inside a recurrent network the memory is a *state*: this layer owns what it contains before
    the first step. What the heads do with it are the functions of `keras_s4ntm.ops`.

    Args:
        memory_size: N, the number of slots.
        memory_width: M, the length of each slot's vector.
        initializer: what the memory holds at first; any Keras initializer. Default: the constant
            1e-6, with which copy is learned 3.5 times sooner than with learned contents
            (Collier and Beel 2018, "Implementing Neural Turing Machines").
        learn_initial: whether the initial contents are trained.
    """

    def __init__(
        self,
        memory_size,
        memory_width,
        *,
        initializer=1e-6,
        learn_initial=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.memory_size = check_positive_int("memory_size", memory_size)
        self.memory_width = check_positive_int("memory_width", memory_width)
        self.initializer = get_initializer("memory_initializer", initializer)
        self.learn_initial = learn_initial

    def build(self, input_shape=None):
        self.initial = self.add_weight(
            name="initial",
            shape=(self.memory_size, self.memory_width),
            initializer=self.initializer,
            trainable=self.learn_initial,
        )
        self.built = True

    def get_initial_state(self, batch_size):
        """The initial memory as a state, `(batch_size, M, N)`.

        The state is the matrix transposed: the first number of every slot, then the second;
        `docs/performance.md` shows what that saves.
        """
        initial = ops.expand_dims(ops.cast(self.initial, self.compute_dtype), 0)
        return ops.tile(transposed(initial), (batch_size, 1, 1))

    def get_config(self):
        return {
            **super().get_config(),
            "memory_size": self.memory_size,
            "memory_width": self.memory_width,
            "initializer": keras.initializers.serialize(self.initializer),
            "learn_initial": self.learn_initial,
        }


def get_initializer(name, initializer):
    """A Keras initializer from one, its name, or a number, which an argument of this name is."""
    if isinstance(initializer, int | float):
        return keras.initializers.Constant(check_finite(name, initializer))
    try:
        return keras.initializers.get(initializer)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a number, a Keras initializer or the name of one, got {initializer!r}."
        ) from error
