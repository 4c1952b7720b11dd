"""Where networks with the same equations differ, and what this package does unless told otherwise.

The papers leave constants and bounds open, so that implementations chose their own. Each choice is
an argument here; `docs/conventions.md` says which network made which. Imports no framework.
"""

import re

# Added to the product of the norms in the cosine. It also says what counts as *empty*: a slot
# whose norm times that of the key is far below it is similar to nothing.
COSINE_EPSILON = 1e-3

# Added to the square of a norm: a finite gradient at zero.
NORM_EPSILON = 1e-12

# Added to weights that are sharpened: a finite logarithm, values and gradients alike.
SHARPENING_EPSILON = 1e-16

# By name: the displacements that the entries of the shift weights stand for, in a range of S.
SHIFT_ORDERS = {
    "ascending": lambda reach: [*range(-reach, reach + 1)],
    "descending": lambda reach: [*range(reach, -reach - 1, -1)],
    "wrapped": lambda reach: [*range(reach + 1), *range(-reach, 0)],
}

# By name: what the three read modes of a DNC stand for.
READ_MODES = {
    "content-second": ("backward", "content", "forward"),
    "content-last": ("backward", "forward", "content"),
}

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "hard_sigmoid", "softplus")
_NUMBER = r"\d+(?:\.\d+)?"
_ACTIVATION = re.compile(rf"(?:({_NUMBER})\+)?(?:({_NUMBER})\*)?({'|'.join(ACTIVATIONS)})")


def parse_activation(name, text):
    """An activation, as papers write it: `"softplus"`, `"1+softplus"`, `"0.5+10*sigmoid"`.

    Args:
        name: of the argument, for messages.
        text: `offset + scale * activation`; offset and scale may be left out.

    Returns:
        `(offset, scale, activation)`.

    Raises:
        ValueError: `text` is nothing of the kind.
    """
    match = _ACTIVATION.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
    if match is None:
        raise ValueError(
            f"{name} must be one of {', '.join(ACTIVATIONS)}, or such a one with a factor and an "
            f"offset in front, for example '1+softplus' or '10*sigmoid', got {text!r}."
        )
    offset, scale, activation = match.groups()
    return float(offset or 0), float(scale or 1), activation
