"""Temporal links of which each slot keeps the K strongest: N * K numbers instead of N * N.

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory",
Methods, "Sparse link matrix": the write weights and the precedence count with their K largest
values only, so that a step writes to K rows of the links. The paper then drops links below 1 / K;
here a slot keeps its K strongest, which drops fewer.

Sparse links are a tensor `(B, 2, N, K)`: how strong the links to a slot are, and from which slots
they come. An entry of strength zero is no link. Other shapes: as in `ops/temporal_links.py`.
"""

from keras import ops

from keras_s4ntm.backend.exporting import places_of_largest, take_along_axis

# Added to the sum of the strongest weights, by which is divided: it may be zero.
STRENGTH_EPSILON = 1e-16


def strongest(weights, count):
    """The largest weights, scaled so that their sum stays that of all.

    Of equal ones the first slots are taken.

    Args:
        weights: `(B, N)`.
        count: K.

    Returns:
        `(values, slots)`, each `(B, K)`.
    """
    # A little less for every slot: of equal ones the first are taken wherever this runs.
    order = weights * (1.0 - 2.5e-7 * ops.arange(weights.shape[-1], dtype=weights.dtype))
    slots = places_of_largest(order, count)
    values = take_along_axis(weights, slots, axis=-1)
    share = ops.sum(values, axis=-1, keepdims=True) + STRENGTH_EPSILON
    return values * (ops.sum(weights, axis=-1, keepdims=True) / share), slots


def at(weights, slots):
    """The weights of some slots: `(B, R, N)` at `(B, N, K)` gives `(B, R, N, K)`."""
    heads, (_, rows, count) = weights.shape[1], slots.shape
    index = ops.tile(ops.reshape(slots, (-1, 1, rows * count)), (1, heads, 1))
    return ops.reshape(take_along_axis(weights, index, axis=-1), (-1, heads, rows, count))


def update_links(links, precedence, write_weights):
    """`temporal_links.update_links`, of the K strongest links, write weights and precedence.

    Args:
        links: `(B, 2, N, K)`.
        precedence: `(B, N)`, of the step before.
        write_weights: `(B, N)`, of this step.

    Returns:
        `(B, 2, N, K)`.
    """
    strength, source = links[:, 0], ops.cast(links[:, 1], "int32")
    slots, count = strength.shape[1:]
    write_weights, written = strongest(write_weights, count)
    precedence, before = strongest(precedence, count)

    # All links fade: (1 - w[i] - w[j]) L[i, j].
    place = ops.one_hot(written, slots, dtype=strength.dtype)
    weights = ops.sum(ops.expand_dims(write_weights, -1) * place, axis=1, keepdims=True)
    strength = strength * (1.0 - ops.transpose(weights, (0, 2, 1)) - at(weights, source)[:, 0])

    # To the slots written come new ones, w[i] p[j], or old ones grow.
    rows = ops.expand_dims(written, -1)
    old, old_source = (
        take_along_axis(x, ops.tile(rows, (1, 1, count)), axis=1) for x in (strength, source)
    )
    new = ops.expand_dims(write_weights, -1) * ops.expand_dims(precedence, 1)
    new = ops.where(rows == ops.expand_dims(before, 1), 0.0, new)
    same = ops.expand_dims(old_source, -1) == ops.reshape(before, (-1, 1, 1, count))
    same = ops.logical_and(same, ops.expand_dims(old > 0, -1))
    old = old + ops.sum(ops.where(same, ops.expand_dims(new, 2), 0.0), axis=-1)
    new = ops.where(ops.any(same, axis=2), 0.0, new)

    # Of both, the strongest are kept.
    both = ops.concatenate([old, new], axis=-1)
    new_source = ops.tile(ops.expand_dims(before, 1), (1, count, 1))
    source_of_both = ops.concatenate([old_source, new_source], axis=-1)
    kept = places_of_largest(both, count)
    kept, kept_source = (take_along_axis(x, kept, axis=-1) for x in (both, source_of_both))

    # Back to where they belong; the numbers of slots by sums, which are exact, not by a product.
    is_written = ops.expand_dims(ops.any(place > 0, axis=1), -1)
    kept = ops.matmul(ops.transpose(place, (0, 2, 1)), kept)
    kept_source = ops.expand_dims(ops.cast(kept_source, strength.dtype), 2)
    kept_source = ops.sum(ops.expand_dims(place, -1) * kept_source, axis=1)
    strength = ops.where(is_written, kept, strength)
    return ops.stack([strength, ops.where(is_written, kept_source, links[:, 1])], axis=1)


def follow_links(links, read_weights):
    """`temporal_links.follow_links`.

    Args:
        links: `(B, 2, N, K)`.
        read_weights: `(B, R, N)`, of the step before.

    Returns:
        `(forward, backward)`, each `(B, R, N)`.
    """
    strength, source = links[:, :1], ops.cast(links[:, 1], "int32")
    _, heads, slots = read_weights.shape
    forward = ops.sum(strength * at(read_weights, source), axis=-1)

    follow = strength * ops.expand_dims(read_weights, -1)
    batch = ops.shape(links)[0]
    first = slots * ops.reshape(ops.arange(batch * heads), (-1, heads, 1, 1))
    target = ops.expand_dims(source, 1) + ops.cast(first, "int32")
    backward = ops.segment_sum(
        ops.reshape(follow, (-1,)), ops.reshape(target, (-1,)), num_segments=batch * heads * slots
    )
    return forward, ops.reshape(backward, (-1, heads, slots))
