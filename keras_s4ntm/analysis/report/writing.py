"""The file of a report: the parts of the page and the data in one, which loads nothing.

Text of a run is data. It stands in a block of JSON that no browser executes, in which `<` is
written as an escape, and the scripts put it on the page as text. The page's policy lets those
scripts run that it came with, by their checksums, and nothing else.
"""

import base64
import hashlib
import json
import math
from importlib.resources import files

from keras_s4ntm.files import new_file

STYLES = ("uplot/uPlot.min.css", "page/page.css", "page/explorer.css")
SCRIPTS = (
    "uplot/uPlot.iife.min.js",
    "page/elements.js",
    "page/arrays.js",
    "page/heat.js",
    "page/charts.js",
    "page/tables.js",
    "page/now.js",
    "page/memory.js",
    "page/slot.js",
    "page/tapes.js",
    "page/sources.js",
    "page/lines.js",
    "page/explorer.js",
    "page/main.js",
)


def write(report, path):
    """Write what `collect` returned as an HTML file, under a temporary name that is then changed.

    Returns:
        How many bytes it has.

    Raises:
        S4NTMError: it cannot be written there.
    """
    text = page(report).encode()
    with new_file(path) as temporary:
        temporary.write_bytes(text)
    return len(text)


def page(report):
    """The text of the HTML file."""
    styles, scripts = "\n".join(map(part, STYLES)), "\n".join(map(part, SCRIPTS))
    content = {
        "POLICY": (
            f"default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src {checksum(styles)}; script-src {checksum(scripts)}"
        ),
        "STYLES": styles,
        "LICENCE": part("uplot/LICENSE"),
        "REPORT": as_json(report),
        "SCRIPTS": scripts,
    }
    # The text between the marks comes as it is: what looks like a mark in it is none.
    pieces = part("page/page.html").split("%%")
    return "".join(content.get(piece, piece) for piece in pieces)


def part(name):
    """The text of a file of this package."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def checksum(text):
    """A script or style as the Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def as_json(report):
    """JSON that can stand within a `<script>`: neither ends it nor begins a comment."""
    text = json.dumps(finite(report), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def finite(value):
    """The same without numbers that JSON does not have: they become `None`."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
