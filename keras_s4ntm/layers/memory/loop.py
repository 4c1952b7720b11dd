"""The loop over time, in segments where a sequence is long."""

import math

import keras
from keras import ops

from keras_s4ntm.backend.recompute import recomputed
from keras_s4ntm.backend.time_loop import loop, rnn

LONG = 256  # time steps from which on the loop runs in segments


def run_loop(
    layer,
    step,
    sequences,
    states,
    variables=(),
    constants=(),
    project=None,
    segment_length="auto",
    **options,
):
    """`step` at every time step, in segments where that is wanted.

    Args:
        layer, step, variables, constants: see `loop`. The first state is the previous output.
        sequences: a nest of tensors `(B, T, ...)`.
        states: the first ones.
        project: what makes of `sequences` the inputs of `step`, for many time steps at once.
        segment_length: see `MemoryRNN`.
        options: `unroll` and `return_all_outputs`.

    Returns:
        `(last_output, outputs, states)`.
    """
    length = keras.tree.flatten(sequences)[0].shape[1]
    if not isinstance(length, int) or options.get("unroll"):  # JAX has symbols of unknown lengths
        segment_length = None
    elif segment_length == "auto":
        segment_length = round(math.sqrt(length)) if length >= LONG else None
    if segment_length and segment_length < length:
        return run_segments(
            layer, step, sequences, states, variables, constants, project, segment_length, **options
        )
    inputs = project(sequences) if project else sequences
    return loop(layer, step, inputs, states, variables, constants, **options)


def run_segments(
    layer, step, sequences, states, variables, constants, project, segment_length, **options
):
    """As `run_loop`, but for the backward pass only the states between two segments are stored.

    It runs one segment after the other once more, `project` included, and stores its states for
    that long: of T steps in segments of sqrt(T) there are 2 sqrt(T) states at a time, not T.
    """
    length = keras.tree.flatten(sequences)[0].shape[1]
    count = length // segment_length
    whole = count * segment_length

    def in_segments(x):
        return ops.reshape(x[:, :whole], (-1, count, segment_length, *x.shape[2:]))

    def plain(sequences, states, constants):
        return run_loop(
            layer, step, sequences, states, variables, constants, project, None, **options
        )

    def segment(sequences, states, constants):
        _, outputs, states = plain(sequences, states, constants)
        return ops.reshape(outputs, (-1, math.prod(outputs.shape[1:]))), states

    _, outputs, states = rnn(
        recomputed(segment, variables, constants),
        keras.tree.map_structure(in_segments, sequences),
        states,
        **options,
    )
    outputs = ops.reshape(outputs, (ops.shape(outputs)[0], -1, states[0].shape[-1]))
    if length > whole:
        rest = keras.tree.map_structure(lambda x: x[:, whole:], sequences)
        _, more, states = plain(rest, states, constants)
        outputs = ops.concatenate([outputs, more], axis=1)
    if not options.get("return_all_outputs", True):
        outputs = outputs[:, -1:]
    return outputs[:, -1], outputs, states
