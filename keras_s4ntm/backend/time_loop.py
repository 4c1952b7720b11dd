"""The loop over time, as it should run on the backend."""

import itertools
import os

import keras
from keras import ops

from keras_s4ntm.backend.exporting import check_length_is_known, exporting_onnx
from keras_s4ntm.backend.private import may_be_missing
from keras_s4ntm.backend.recompute import recomputed

loops_are_compiled = False  # see `compile_loops`
keras_rnn = None
if keras.backend.backend() != "torch":
    with may_be_missing("Memory networks may train in more memory"):
        from keras.src.backend import rnn as keras_rnn


def loop(layer, step, inputs, states, variables=(), constants=(), **options):
    """`step` at every time step, as the loop over time should run on this backend.

    JAX and TensorFlow would store every intermediate of every step for the backward pass. They
    recompute the step there instead, which trains an NTM faster and in less memory. PyTorch
    compiles the step where that is wanted, see `compile_loops`. `docs/performance.md` shows the
    measurements.

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
    if loops_are_compiled and not exporting_onnx():
        from keras_s4ntm.backend import torch_loop

        results = torch_loop.run(layer, step, inputs, states, variables, constants, **options)
        if results is not None:
            return results
    return rnn(lambda inputs, states: step(inputs, states, constants), inputs, states, **options)


def rnn(step, inputs, states, return_all_outputs=True, unroll=False):
    """Keras' recurrent loop; on PyTorch a plain one. Keras' own runs the first step twice there and
    takes nests apart at every step; `docs/performance.md` shows what that costs.

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
        check_length_is_known()
        outputs = []
        for now in zip(*(x.unbind(1) for x in flat), strict=True):
            output, states = flat_step(list(now), states)
            outputs.append(output)
        last = outputs[-1]
        outputs = ops.stack(outputs if return_all_outputs else [last], axis=1)
        return last, outputs, states
    if keras_rnn is None:
        last, outputs, states = scan(step, inputs, states)
        return last, outputs if return_all_outputs else outputs[:, -1:], states
    if length is None:  # and takes unknown lengths of one tensor only
        flat = ops.concatenate(flat, axis=-1)
    return keras_rnn(
        flat_step,
        flat,
        states,
        input_length=length,
        return_all_outputs=return_all_outputs,
        unroll=unroll,
    )


def scan(step, inputs, states):
    """`rnn` by the loop over a sequence that JAX or TensorFlow offers, `(last_output, outputs,
    states)`. TensorFlow's keeps the states of all steps.
    """
    inputs = keras.tree.map_structure(lambda x: ops.swapaxes(x, 0, 1), inputs)

    def next_step(before, now):
        output, states = step(now, before)
        return list(states), output

    if keras.backend.backend() == "jax":
        import jax

        states, outputs = jax.lax.scan(next_step, list(states), inputs)
    else:
        import tensorflow as tf

        _, output = next_step(states, keras.tree.map_structure(lambda x: x[0], inputs))
        states, outputs = tf.scan(
            lambda before, now: next_step(before[0], now), inputs, (list(states), output)
        )
        states = [x[-1] for x in states]
    return outputs[-1], ops.swapaxes(outputs, 0, 1), states


def compile_loops():
    """On PyTorch, from now on compile the time steps of memory networks.

    PyTorch needs a C++ compiler for it. Where there is none, or where PyTorch's own environment
    variable `TORCH_COMPILE_DISABLE=1` forbids it, steps run operation by operation as before; so
    they do, with a warning, where PyTorch's compiler is not where it was. JAX and TensorFlow
    compile by themselves. `docs/performance.md` shows the measurement.

    Returns:
        Whether steps are compiled on PyTorch.
    """
    global loops_are_compiled
    if keras.backend.backend() == "torch" and os.environ.get("TORCH_COMPILE_DISABLE") != "1":
        loops_are_compiled = False
        with may_be_missing("Memory networks train several times slower"):
            from keras_s4ntm.backend import torch_loop

            loops_are_compiled = torch_loop.can_compile()
    return loops_are_compiled


def compiles_whole_steps():
    """Whether Keras is to compile a training step as a whole, its `jit_compile`.

    XLA pays on TensorFlow's CPU too, where "auto" does not use it. On PyTorch a whole step takes
    a minute and more to compile; there the time steps are compiled, see `compile_loops`.
    """
    return keras.backend.backend() != "torch"
