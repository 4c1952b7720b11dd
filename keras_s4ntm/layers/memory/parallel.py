"""Whole sequences through a cell whose controller does not see the read vectors.

The controller's outputs of all time steps are computed at once; the loop over time runs over the
accesses to the memory only.

Shapes: B batch, T time steps, I inputs, n accesses.
"""

from keras import ops

from keras_s4ntm.backend.exporting import take
from keras_s4ntm.layers.memory.loop import run_loop
from keras_s4ntm.layers.memory.states import shaped
from keras_s4ntm.ops.half_precision import saturated, widened


def run_parallel(layer, sequences, access_state, training):
    """A sequence from the initial state.

    Args:
        layer: a `MemoryRNN`.
        sequences: `(B, T, I)`.
        access_state: the initial states of the access, flat.
        training: whether noise, dropout and random accesses are drawn.

    Returns:
        `(last_output, outputs, states)`; the states are those of the access.
    """
    cell, time = layer.cell, ops.shape(sequences)[1]
    access, schedule = cell.access, cell.schedule
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
    hidden = cell.controller.features(sequences, training=training)
    initial = access.State(*shaped(access_state, access.state_shapes))

    # The first state of a loop is the previous output: here the read vectors, the last one.
    def step(interface, states, constants):
        reads, *others = states
        (*others, reads), _ = access.step(interface, access.State(*others, reads))
        return reads, [reads, *others]

    def accesses(hidden, sequences):
        interface = cell.interface(hidden, sequences)
        noise = access.draw_noise(*ops.shape(interface)[:2]) if training else None
        *others, reads = initial
        _, reads, states = run_loop(
            layer,
            step,
            interface if noise is None else ops.add(interface, noise),
            [reads, *others],
            segment_length=layer.segment_length,
            unroll=layer.unroll,
            return_all_outputs=True,
        )
        return reads, states

    if schedule.every_step and not (training and schedule.random):
        reads, states = accesses(hidden, sequences)
    else:
        at_random = training and schedule.random
        steps, count = (schedule.random_steps if at_random else schedule.regular_steps)(time)
        reads, states = accesses(take(hidden, steps), take(sequences, steps))
        # The read vectors of a time step are those of the last access up to it.
        reads = ops.concatenate([ops.expand_dims(initial.reads, 1), reads], axis=1)
        reads = take(reads, count)
    before = ops.concatenate([ops.expand_dims(initial.reads, 1), reads[:, :-1]], axis=1)
    outputs = cell.output(hidden, reads, before)
    last = outputs[:, -1]
    return last, outputs if layer.return_sequences else ops.expand_dims(last, 1), states


def access_once(layer, sequences, mask, training, access=None):
    """`access_interval="sequence"`: one access, driven by the mean over time.

    The read vectors are the same at every time step; masked inputs count as zero.

    Args:
        layer: a `MemoryRNN`.
        sequences: `(B, T, I)`.
        mask: `(B, T)`, boolean, or `None`.
        training: whether dropout is drawn.
        access: a function of what `MemoryAccess.call` takes and returns; default: that one.

    Returns:
        The outputs of the layer.
    """
    cell = layer.cell
    hidden = cell.controller.features(sequences, mask, training)
    if mask is None:
        mask = ops.ones(ops.shape(sequences)[:2], "bool")
    features, inputs = (widened(ops.cast(x, hidden.dtype)) for x in (hidden, sequences))
    weights = ops.expand_dims(ops.cast(mask, features.dtype), -1)
    weights = weights / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)
    mean_hidden, mean_inputs = (
        saturated(ops.sum(weights * x, axis=1), hidden.dtype) for x in (features, inputs)
    )
    state = cell.access.get_initial_state(ops.shape(sequences)[0])
    offset = cell.direct(mean_inputs) if cell.arguments.direct_inputs else None
    state, _ = (access or cell.access.call)(widened(mean_hidden), state, offset=offset)
    reads = state.reads
    if not layer.return_sequences:
        return cell.output(mean_hidden, reads, reads)
    reads = ops.broadcast_to(ops.expand_dims(reads, 1), (*ops.shape(hidden)[:2], reads.shape[-1]))
    return cell.output(hidden, reads, reads)
