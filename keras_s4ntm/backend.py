"""Where backends differ, each time because a measurement shows that it pays.

The one other place is `fourier.py`, for the equations of the state spaces.
"""

import ctypes
import itertools
import os
import random
import sys

import keras
from keras import ops
from keras.src import backend
from keras.src.backend.common.variables import AutocastScope, get_autocast_scope

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of `mallopt` in the GNU C library

loops_are_compiled = False  # see `compile_loops`


def loop(layer, step, inputs, states, variables=(), constants=(), **options):
    """`step` at every time step, as the loop over time should run on this backend.

    JAX and TensorFlow would store every intermediate of every step for the backward pass. They
    recompute the step there instead, which trains an NTM faster and in less memory. PyTorch
    compiles the step where that is wanted, see `compile_loops`. The README shows the measurements.

    Args:
        layer: the layer whose loop it is.
        step: `step(inputs, states, constants)` gives `(output, states)` of one time step.
        inputs, states, options: see `rnn`.
        variables: the weights that `step` reads.
        constants: tensors, or nests of them, that are the same at every step.

    Returns:
        `(last_output, outputs, states)`.
    """
    if keras.backend.backend() != "torch":
        return rnn(recomputed(step, variables, constants), inputs, states, **options)
    if loops_are_compiled:
        from keras_s4ntm import torch_loop

        results = torch_loop.run(layer, step, inputs, states, variables, constants, **options)
        if results is not None:
            return results
    return rnn(lambda inputs, states: step(inputs, states, constants), inputs, states, **options)


def rnn(step, inputs, states, return_all_outputs=True, unroll=False):
    """Keras' recurrent loop; on PyTorch a plain one. Keras' own runs the first step twice there and
    takes nests apart at every step, which is a fifth of the forward pass. The README shows the
    measurement.

    Args:
        step: gives `(output, states)` from the inputs of a time step and the states.
        inputs: a nest of tensors `(B, T, ...)`.
        states: the first ones.
        return_all_outputs: as `return_sequences` of `keras.layers.RNN`.
        unroll: as that of `keras.layers.RNN`. A plain loop needs none.

    Returns:
        `(last_output, outputs, states)`.
    """
    flat = keras.tree.flatten(inputs)  # Keras unrolls no deeper nests
    length = flat[0].shape[1]
    ends = list(itertools.accumulate(x.shape[-1] for x in flat))[:-1]

    def flat_step(flat, states):
        if length is None:
            flat = ops.split(flat, ends, axis=-1) if ends else [flat]
        return step(keras.tree.pack_sequence_as(inputs, flat), states)

    if keras.backend.backend() == "torch":
        outputs = []
        for now in zip(*(x.unbind(1) for x in flat), strict=True):
            output, states = flat_step(list(now), states)
            outputs.append(output)
        last = outputs[-1]
        outputs = ops.stack(outputs if return_all_outputs else [last], axis=1)
        return last, outputs, states
    if length is None:  # and takes unknown lengths of one tensor only
        flat = ops.concatenate(flat, axis=-1)
    return backend.rnn(
        flat_step,
        flat,
        states,
        input_length=length,
        return_all_outputs=return_all_outputs,
        unroll=unroll,
    )


def recomputed(step, variables=(), constants=()):
    """`step`, of which only what goes in is stored for the backward pass.

    Args:
        step: `step(inputs, states, constants)`, all tensors or nests of them, gives
            `(output, states)`.
        variables, constants: see `loop`.

    Returns:
        A function of `(inputs, states)`.
    """
    # The backward pass runs outside of the layer, where nothing says how variables are cast.
    cast = get_autocast_scope() or AutocastScope(None)
    if keras.backend.backend() == "tensorflow":
        return recomputed_on_tensorflow(step, variables, constants, cast)

    def cast_step(inputs, states):
        with AutocastScope(cast.dtype):
            return step(inputs, states, constants)

    return keras.remat(cast_step)


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
            with AutocastScope(cast.dtype), keras.StatelessScope(state_mapping=mapping):
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


def ntm_access(plain):
    """A step of the NTM's access as it should run on this backend: `plain`, but on PyTorch the same
    with its gradient written out, because small operations are what takes the time there; the
    compiler makes more of `plain`. The README shows the measurement.
    """
    if keras.backend.backend() != "torch":
        return plain
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    if get_proxy_mode() is not None:  # a step is being recorded for the compiler
        return plain
    from keras_s4ntm.torch_access import NTMAccess

    return NTMAccess.apply


def normal(shape, stddev, seed):
    """`keras.random.normal`. On TensorFlow with its generator by name: left to choose the same one
    by itself, it makes of it what XLA compiles to code that takes thirty times as long. The numbers
    are the same.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.random.normal(shape, stddev=stddev, seed=seed)
    import tensorflow as tf

    return tf.random.stateless_normal(
        shape, tf.cast(seed.next(), "int32"), stddev=stddev, alg="philox"
    )


def set_seed(seed):
    """Initial weights and the random numbers of training follow from `seed`: Keras draws the seeds
    of its initializers and generators from Python's generator. `keras.utils.set_random_seed` would
    also load TensorFlow on every backend, wherever it is installed.
    """
    random.seed(seed)


def compile_loops():
    """On PyTorch, from now on compile the time steps of memory networks.

    PyTorch needs a C++ compiler for it. Where there is none, or where PyTorch's own environment
    variable `TORCH_COMPILE_DISABLE=1` forbids it, steps run operation by operation as before. JAX
    and TensorFlow compile by themselves. The README shows the measurement.

    Returns:
        Whether steps are compiled on PyTorch.
    """
    global loops_are_compiled
    if keras.backend.backend() == "torch" and os.environ.get("TORCH_COMPILE_DISABLE") != "1":
        from keras_s4ntm.torch_loop import can_compile

        loops_are_compiled = can_compile()
    return loops_are_compiled


def keep_freed_memory():
    """Have this process keep the memory that it frees, for the next step of training.

    JAX and PyTorch free the buffers of a step, the GNU C library gives large ones back to Linux,
    and Linux clears them page by page before the next step may have them. JAX also has another
    thread allocate them, for which the library keeps no more than 64 MB: the main thread does that
    from now on. Call this before anything is computed. On TensorFlow, and where there is another C
    library, nothing is changed. The README shows the measurement.
    """
    name = keras.backend.backend()
    if name == "tensorflow" or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    libc.mallopt(M_MMAP_THRESHOLD, 2**30)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    if name == "jax":
        import jax

        jax.config.update("jax_cpu_enable_async_dispatch", False)
