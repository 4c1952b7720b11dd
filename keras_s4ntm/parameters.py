"""Named, typed parameters: what `-p name=value` sets. Declared once, parsed and checked here.

Parameters are the fields of a dataclass, or the keyword-only arguments of a function. Imports no
framework, so that a mistyped name is refused at once.
"""

import dataclasses
import difflib
import inspect
import types
import typing


class ParameterError(ValueError):
    """A parameter's name or value is not accepted."""


def parameters_of(target):
    """`{name: (type, default)}` of a dataclass, or of a function's keyword-only arguments."""
    # Annotations are texts in a module with `from __future__ import annotations`.
    if dataclasses.is_dataclass(target):
        hints = typing.get_type_hints(target)
        return {f.name: (hints[f.name], f.default) for f in dataclasses.fields(target)}
    return {
        name: (parameter.annotation, parameter.default)
        for name, parameter in inspect.signature(target, eval_str=True).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def suggest(kind, name, accepted):
    """The sentence for an unknown name: what was wrong, what was probably meant, what there is."""
    close = difflib.get_close_matches(str(name), accepted, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"Unknown {kind} {name!r}.{hint} Accepted: {', '.join(sorted(accepted))}."


def choose(kind, name, registry):
    """`registry[name]`, or a `ParameterError` with a suggestion."""
    if name not in registry:
        raise ParameterError(suggest(kind, name, list(registry)))
    return registry[name]


def check_parameters(owner, values, parameters):
    """Values by name, each as its declared type.

    Args:
        owner: what has the parameters, in words for messages.
        values: `{name: value}`; texts are parsed.
        parameters: `{name: (type, default)}`.

    Raises:
        ParameterError: an unknown name, or a value of another type.
    """
    for name in values:
        if name not in parameters:
            raise ParameterError(suggest(f"parameter of {owner}", name, list(parameters)))
    return {name: check_value(name, value, parameters[name][0]) for name, value in values.items()}


def check_value(name, value, annotation):
    """`value` as the annotated type, or a `ParameterError`. Text is parsed."""
    alternatives = _alternatives(annotation)
    for accepted in sorted(alternatives, key=lambda a: a is not type(None)):  # "none" is a text too
        try:
            return _convert(value, accepted)
        except (TypeError, ValueError, KeyError):
            continue
    raise ParameterError(f"{name} must be {describe(annotation)}, got {value!r}.")


def describe(annotation):
    """A type in a user's words."""
    words = {
        int: "an integer",
        float: "a number",
        bool: "true or false",
        str: "text",
        list[int]: "integers separated by commas",
        list[float]: "numbers separated by commas",
        type(None): "none",
    }
    return " or ".join(words[a] for a in _alternatives(annotation))


def _alternatives(annotation):
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return typing.get_args(annotation)
    return (annotation,)


def _convert(value, accepted):
    if accepted is type(None):
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            return None
        raise ValueError
    if accepted is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}[_text(value).lower()]
    if accepted is str:
        return _text(value)
    if accepted in (list[int], list[float]):
        items = value if isinstance(value, (list, tuple)) else _text(value).split(",")
        if len(items) < 2 and isinstance(value, str):
            raise ValueError
        return [_convert(item, *typing.get_args(accepted)) for item in items]
    if isinstance(value, bool):
        raise TypeError
    if accepted is int and isinstance(value, float):
        raise TypeError
    return accepted(value)


def _text(value):
    if not isinstance(value, str):
        raise TypeError
    return value
