"""Arguments of layers: each is declared, documented and checked once, in a dataclass.

A layer takes them as keywords and keeps them as `self.arguments`; a model in the registry takes
them as parameters, with the same types and defaults. Imports no framework.
"""

from dataclasses import dataclass, fields

from keras_s4ntm.parameters import suggest

LAYER_ARGUMENTS = ("activity_regularizer", "autocast", "dtype", "name", "trainable")
RNN_ARGUMENTS = (
    "go_backwards",
    "return_sequences",
    "return_state",
    "segment_length",
    "stateful",
    "unroll",
    "zero_output_for_mask",
)


@dataclass
class Arguments:
    """A group of arguments. A subclass declares them as fields and checks them when it is made."""

    @classmethod
    def names(cls):
        """The names of all arguments of the group."""
        return tuple(field.name for field in fields(cls))

    def config(self):
        """`{name: value}`, as `get_config` of a layer wants them."""
        return {name: getattr(self, name) for name in self.names()}

    def part(self, group):
        """`{name: value}` of the arguments that another group, a part of this one, declares."""
        return {name: getattr(self, name) for name in group.names()}


def divide(arguments, *groups):
    """Arguments by the group that declares them, and the others: `(dictionary, ..., rest)`."""
    parts = [{k: v for k, v in arguments.items() if k in group.names()} for group in groups]
    known = {name for part in parts for name in part}
    return *parts, {k: v for k, v in arguments.items() if k not in known}


def claim(layer, arguments, group, *others):
    """`(own, rest)`: the arguments of a layer's group, and those that every layer has.

    Args:
        layer: the layer.
        arguments: what it was given, by keyword.
        group: the group of arguments.
        others: names of arguments that the layer takes itself.

    Raises:
        ValueError: a keyword is neither.
    """
    own, rest = divide(arguments, group)
    refuse_unknown(layer, rest, (*others, *group.names(), *LAYER_ARGUMENTS))
    return own, rest


def refuse_unknown(layer, arguments, accepted):
    """Raises `ValueError` where a keyword is none of those accepted; says what was meant."""
    for name in arguments:
        if name not in accepted:
            raise ValueError(suggest(f"argument of {type(layer).__name__}", name, accepted))


def check_dtypes(layer, *parts):
    """Raises `ValueError` where a part computes in another dtype than the layer that it is of."""
    for part in parts:
        if part.compute_dtype != layer.compute_dtype:
            raise ValueError(
                f"{type(layer).__name__} computes in {layer.compute_dtype} and its part "
                f"{type(part).__name__} in {part.compute_dtype}. Give them the same dtype."
            )
