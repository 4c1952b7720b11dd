"""The access mask: at which time steps SANTM accesses its memory.

Sources: Shan, Zhu, Luo 2025, "Sparse access neural Turing machine": an l0 constraint on the mask;
the equations of the mask are those of their code, the projection is ours: there it has no effect.

Shapes: B batch, T `mask_steps`, L time steps of a sequence.
"""

import keras
import numpy as np
from keras import ops

from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.santm.arguments import MaskArguments
from keras_s4ntm.ops.straight_through import binarize

DIGIT = 128  # the state counts time steps in two digits of this base, exact in bfloat16 too


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class AccessMask(keras.layers.Layer):
    """One number a time step, the same for all sequences, known before a sequence is.

        m~_t = 1 - relu((tanh(w_t + u_t) + tanh(w_t - u_t)) / 2)
        m_t = round(m~_t) pi_t                       its gradient is that of m~_t, times pi_t
        z_t = D_t m_t x_t                            what the controller sees

    w and u are trained. pi, the *support*, is not: it is 1 for the k time steps with the largest m~
    among those of before, and k falls from T to `ceil(access_rate T)` while the network is trained
    (`project`). So m has at most k steps with an access, sum_t m_t <= k. A time step t of a longer
    sequence has the mask of t modulo T.

    Args:
        **arguments: see `MaskArguments`.

    Weights:
        scores: w, `(T,)`, uniform from 0 to 1 at first: 55 % of the steps access the memory.
        spreads: u, `(T,)`, 0.1 at first.
        scales: D, `(T,)`, 1 at first.
        support: pi, `(T,)`, 1 at first; not trained, and saved with the others.
    """

    once, random = False, False  # as of an `AccessSchedule`

    def __init__(self, **arguments):
        own, rest = claim(self, arguments, MaskArguments)
        super().__init__(**rest)
        self.arguments = MaskArguments(**own)
        self.steps = self.arguments.mask_steps
        self.state_size = [2]  # the place in the sequence modulo T, in two digits
        self.target = int(np.ceil(self.arguments.access_rate * self.steps - 1e-9))
        self.is_projected = False  # whether the support has no more than `target` steps

    def build(self, input_shape=None):
        uniform = keras.initializers.RandomUniform(0.0, 1.0)
        tenth = keras.initializers.Constant(0.1)
        self.scores = self.add_number("scores", uniform)
        self.spreads = self.add_number("spreads", tenth)
        self.scales = self.add_number("scales", "ones")
        self.support = self.add_number("support", "ones", trainable=False)
        self.built = True

    def add_number(self, name, initializer, trainable=True):
        """A number for each time step, float32 under mixed precision too."""
        return self.add_weight(
            name=name,
            shape=(self.steps,),
            initializer=initializer,
            trainable=trainable,
            dtype="float32",
            autocast=False,
        )

    def soft(self):
        """m~, `(T,)`."""
        w, u = ops.convert_to_tensor(self.scores), ops.convert_to_tensor(self.spreads)
        return 1.0 - ops.relu(0.5 * (ops.tanh(w + u) + ops.tanh(w - u)))

    def gates(self, places):
        """`(m, D m)` of time steps.

        Args:
            places: which time steps, whole numbers from 0 on.
        """
        mask = binarize(self.soft()) * self.support
        places = ops.cast(places, "int32") % self.steps
        return ops.take(mask, places), ops.take(mask * self.scales, places)

    def penalty(self):
        """The l1 term, `mu sum_t m~_t`."""
        return self.arguments.mask_penalty * ops.sum(self.soft() * self.support)

    # The place as a state

    def place(self, state):
        """Whole numbers `(B, 1)` from the state `(B, 2)`."""
        digits = ops.cast(state, "int32")
        return digits[:, :1] + DIGIT * digits[:, 1:]

    def state_at(self, place, dtype):
        """The reverse of `place`."""
        place = place % self.steps
        digits = ops.concatenate([place % DIGIT, place // DIGIT], axis=-1)
        return ops.cast(digits, dtype)

    # Which steps access the memory

    def on_epoch_begin(self, epoch, epochs):
        """Let the k best steps access the memory; k falls in the first half of the training.

        Returns:
            Whether layers now compute with other shapes, see `is_projected`.
        """
        share = min(2.0 * epoch / epochs, 1.0)
        was_projected = self.is_projected
        self.project(round(self.steps - share * (self.steps - self.target)))
        return self.is_projected != was_projected

    def project(self, count):
        """Keep the `count` time steps with the largest m~ of those that may access the memory; in
        NumPy, so that it is the same on every backend.
        """
        w, u = (ops.convert_to_numpy(x).astype("float64") for x in (self.scores, self.spreads))
        # Before the relu: m~ is 1 for every step with w < 0.
        order = np.tanh(w + u) + np.tanh(w - u)
        support = ops.convert_to_numpy(self.support)
        order[support == 0] = np.inf
        kept = np.argsort(order, kind="stable")[:count]
        self.support.assign(support * np.isin(np.arange(self.steps), kept))
        self.look_at_support()

    def look_at_support(self):
        """Note whether the support has been projected to its last size. Only then sequences run on
        its steps alone. After `set_weights` it has to be called; files call it.
        """
        self.is_projected = int(ops.convert_to_numpy(self.support).sum()) <= self.target

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self.look_at_support()

    @property
    def access_steps(self):
        """The time steps that access the memory, of a sequence of T, an array."""
        return np.flatnonzero(ops.convert_to_numpy(self.gates(np.arange(self.steps))[0]))

    def places_of_support(self, length):
        """The time steps of a sequence that may access the memory, in their order, and some that
        may not, to fill up to a number that follows from the length alone.

        Args:
            length: L, a number.

        Returns:
            Whole numbers, a tensor; `None` where these are all steps, or the support is still being
            reduced.
        """
        whole, rest = divmod(length, self.steps)
        count = whole * self.target + min(rest, self.target)
        if not self.is_projected or count >= length:
            return None
        steps = ops.arange(length, dtype="int32")
        support = ops.take(self.support, steps % self.steps)
        first = ops.argsort(ops.where(support > 0.5, steps, steps + length))[:count]
        return ops.sort(ops.cast(first, "int32"))

    def get_config(self):
        return {**super().get_config(), **self.arguments.config()}
