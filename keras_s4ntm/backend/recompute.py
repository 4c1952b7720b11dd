"""Steps of which only what goes in is stored: the backward pass computes the rest once more.

On JAX and TensorFlow that trains a memory network faster and in less memory than storing every
intermediate of every time step. `docs/performance.md` shows the measurements.
"""

import contextlib

import keras

from keras_s4ntm.backend.private import may_be_missing

AutocastScope = None
with may_be_missing("Memory networks train slower and in more memory"):
    from keras.src.backend.common.variables import AutocastScope, get_autocast_scope


def recomputed(step, variables=(), constants=()):
    """`step`, of which only what goes in is stored for the backward pass.

    Args:
        step: `step(inputs, states, constants)`, all tensors or nests of them, gives
            `(output, states)`.
        variables: the weights that `step` reads.
        constants: tensors, or nests of them, that `step` takes beside inputs and states.

    Returns:
        A function of `(inputs, states)`.
    """
    if AutocastScope is None:
        return lambda inputs, states: step(inputs, states, constants)
    # The backward pass runs outside of the layer, where nothing says how variables are cast.
    cast = as_now_cast()
    if keras.backend.backend() == "tensorflow":
        return recomputed_on_tensorflow(step, variables, constants, cast)

    def cast_step(inputs, states):
        with cast():
            return step(inputs, states, constants)

    return keras.remat(cast_step)


def as_now_cast():
    """A function that makes contexts in which variables are cast as they are now."""
    scope = get_autocast_scope()
    if scope is None or scope.dtype is None:
        return contextlib.nullcontext  # a scope without a dtype takes variables for float32
    return lambda: AutocastScope(scope.dtype)


def recomputed_on_tensorflow(step, variables, constants, cast):
    """See `recomputed`. A custom gradient inside a `tf.while_loop` gives none to what it closes
    over, so variables and constants go in as arguments.
    """
    import tensorflow as tf

    with AutocastScope(None):
        values = [tf.convert_to_tensor(variable) for variable in variables]

    def recomputed(inputs, states):
        arguments = (inputs, states, constants, values)

        def flat_step(*flat):
            inputs, states, constants, values = keras.tree.pack_sequence_as(arguments, list(flat))
            mapping = list(zip(variables, values, strict=True))
            with cast(), keras.StatelessScope(state_mapping=mapping):
                return keras.tree.flatten(step(inputs, states, constants))

        @tf.custom_gradient
        def run(*flat):
            def gradient(*upstream):
                with tf.GradientTape() as tape:
                    tape.watch(flat)
                    results = flat_step(*flat)
                return tape.gradient(
                    results, flat, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO
                )

            return flat_step(*flat), gradient

        output, *states = run(*keras.tree.flatten(arguments))
        return output, states

    return recomputed
