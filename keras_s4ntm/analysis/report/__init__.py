"""A run as one HTML file that opens from disk: results, training, and its memory, step by step.

content.py   what a report shows of a run, as plain data
explorer.py  what the memory explorer needs of a `Trace`
packing.py   arrays as short text
writing.py   the file: data and the parts of the page in one
page/        the parts of the page: HTML, CSS and JavaScript
uplot/       uPlot 1.6.32, which draws the line charts, with its licence
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {"collect": "content", "write": "writing"}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
