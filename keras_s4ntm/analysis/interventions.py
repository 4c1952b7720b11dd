"""The same sequences through the same network, with something changed: causes, not coincidences.

Shapes: B batch, N memory slots, M their width.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_s4ntm.checks import check_choice

WEIGHTINGS = ("read_weights", "write_weights")


def intervene(model, inputs, interventions, **options):
    """A `Trace` of a network in which quantities are replaced while it runs.

    Everything that depends on them follows: what is read and written from then on, the controller,
    the outputs of the model.

    >>> changed = intervene(model, inputs, zero_slot(7, at=21))
    >>> changed.outputs

    Args:
        model, inputs: see `trace`.
        interventions: an `Intervention` or a list of them: `zero_slot`, `freeze`, `move`,
            `replace`. Those of one quantity come in this order.
        options: see `trace`.

    Returns:
        The `Trace` of the changed run; `about` has the `interventions` in words.

    Raises:
        ValueError: there is no such quantity, head, slot or time step.
    """
    from keras_s4ntm.analysis.tracing import run

    several = isinstance(interventions, list | tuple)
    interventions = list(interventions) if several else [interventions]
    for one in interventions:
        if not isinstance(one, Intervention):
            raise ValueError(
                f"interventions must be made with zero_slot, freeze, move or replace, got {one!r}."
            )
    return run(model, inputs, interventions, **options)


@dataclass(frozen=True)
class Intervention:
    """What is put in the place of a quantity, and when.

    Args:
        name: of the quantity, as in a `Trace`. `memory` is replaced before the time step,
            `read_vectors` after reading, any other when it has been computed and before it is used:
            weights before their head writes or reads.
        change: a function of the quantity `(B, ...)` and of what it was at the time step before,
            `None` if nobody knows; it returns what takes its place.
        at: the time steps, a set; `None`: all of them. At a masked step nothing happens.
        words: the intervention as text.
    """

    name: str
    change: Callable
    at: frozenset | None
    words: str

    def applies(self, t):
        """Whether it is to happen at time step t."""
        return self.at is None or t in self.at


def replace(name, value, *, head=None, at=None):
    """Put something in the place of a quantity.

    Args:
        name: see `Intervention`.
        value: a number, an array that fits, or a function of the quantity that returns one.
        head: which head's, where the quantity has heads; default: the whole quantity, `(B, ...)`.
        at: a time step, or several; default: all.
    """

    def change(now, before):
        part = now if head is None else of_head(now, head, words)
        new = np.asarray(value(part.copy()) if callable(value) else value)
        try:
            part[...] = new
        except ValueError as error:
            raise ValueError(
                f"{words}: {name} has the shape {part.shape}, and what should take its place "
                f"{new.shape}."
            ) from error
        return now

    shown = ... if callable(value) or np.ndim(value) else value
    words = in_words("replace", name, shown, head=head, at=at)
    return Intervention(name, change, steps(at), words)


def freeze(name, *, head=None, at=None):
    """A quantity stays what it was at the time step before: with `"read_weights"` a head stays.

    Args:
        name: see `Intervention`.
        head: which head's; default: all of them.
        at: a time step, or several; default: all.
    """

    def change(now, before):
        if before is None:
            raise ValueError(f"{words}: before the first time step there is no {name} to keep.")
        part = now if head is None else of_head(now, head, words)
        part[...] = before if head is None else of_head(before, head, words)
        return now

    words = in_words("freeze", name, head=head, at=at)
    return Intervention(name, change, steps(at), words)


def move(name, by, *, head=None, at=None):
    """Move a weighting by some slots, as if the memory was a ring.

    Args:
        name: `"read_weights"` or `"write_weights"`.
        by: how many slots; negative: towards slot 0.
        head: which head's; default: all of them.
        at: a time step, or several; default: all.
    """
    check_choice("name", name, WEIGHTINGS)
    moved = replace(name, lambda now: np.roll(now, by, axis=-1), head=head, at=at)
    return Intervention(name, moved.change, moved.at, in_words("move", name, by, head=head, at=at))


def zero_slot(slot, *, at=None):
    """Empty a memory slot before a time step.

    Args:
        slot: the number of the slot, from 0 on.
        at: a time step, or several; default: all.
    """

    def change(memory, before):
        if not 0 <= slot < memory.shape[1]:
            raise ValueError(f"{words}: the memory has slots from 0 to {memory.shape[1] - 1}.")
        memory[:, slot] = 0
        return memory

    words = in_words("zero_slot", slot, at=at)
    return Intervention("memory", change, steps(at), words)


def steps(at):
    """Time steps as a set; `None` stands for all."""
    if at is None:
        return None
    given = [at] if hasattr(at, "__index__") else list(at)
    if not given or not all(hasattr(t, "__index__") and t >= 0 for t in given):
        raise ValueError(f"at must be a time step from 0 on, or several, got {at!r}.")
    return frozenset(int(t) for t in given)


def of_head(array, head, words):
    """The part of one head, a view `(B, ...)` of `(B, heads, ...)`."""
    heads = array.shape[1] if array.ndim > 1 else 0
    if not 0 <= head < heads:
        raise ValueError(f"{words}: there is no head {head}; heads are numbered from 0 on.")
    return array[:, head]


def in_words(function, *values, **options):
    """A call as text, without what is left out; `...` stands for what is too long."""
    shown = ["..." if value is ... else repr(value) for value in values]
    shown += [f"{name}={value!r}" for name, value in options.items() if value is not None]
    return f"{function}({', '.join(shown)})"
