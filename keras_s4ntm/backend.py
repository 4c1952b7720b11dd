"""The one place where backends differ, each time because a measurement shows that it pays."""

import keras


def loop_step(step):
    """The function of one time step as the loop over time should run it on this backend.

    JAX stores every intermediate of every step for the backward pass. Recomputing the step there
    (`keras.remat`) trains an NTM twice as fast on a CPU. The README shows the measurement.
    """
    if keras.backend.backend() == "jax":
        return keras.remat(step)
    return step
