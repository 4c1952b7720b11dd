"""Drawings of traces and trainings, for a paper's column, by matplotlib.

signals.py    `verification`: all that a network does in one sequence
lengths.py    `generalisation`: answers and errors beyond the lengths of training
training.py   `training_curve`: loss and errors while training; `History`: what it needs
models.py     `comparison`: models side by side
slots.py      `memory_over_time`
writes.py     `attribution_map`: which write is read when
panels.py     numbers over time as an image
style.py      widths, shades, lines and markers; `save`

Each function returns a matplotlib `Figure`, which a notebook shows and `save` writes. No window is
ever opened. Shades are grey, or cividis where numbers have a sign; lines differ by style and marker
as well as by colour.
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "History": "training",
    "attribution_map": "writes",
    "comparison": "models",
    "generalisation": "lengths",
    "memory_over_time": "slots",
    "save": "style",
    "training_curve": "training",
    "verification": "signals",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
