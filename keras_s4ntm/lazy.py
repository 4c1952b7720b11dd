"""Names of a package that are imported when they are first asked for (PEP 562).

Layers load Keras, and Keras loads its backend, which takes seconds. `s4ntm --help`, lists and
mistyped names answer without them.
"""

import importlib


def lazy_names(package, homes):
    """`(__getattr__, __dir__)` of a package.

    Args:
        package: its name, `__name__`.
        homes: `{name: module}`, the module below the package that defines the name.
    """

    def get(name):
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted(homes)
