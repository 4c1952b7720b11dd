"""What a memory network does, made visible.

tracing.py        `trace`: all quantities of every time step
trace_file.py     `Trace`: what they are called, and a file of them
stepping.py       the time steps of a layer in plain sight
record.py         what they compute, under the names of a `Trace`
contributions.py  `attribution`: which writes a read vector is made of
interventions.py  `intervene`: the same sequence, with something changed
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "Attribution": "contributions",
    "Intervention": "interventions",
    "Trace": "trace_file",
    "attribution": "contributions",
    "freeze": "interventions",
    "intervene": "interventions",
    "move": "interventions",
    "replace": "interventions",
    "trace": "tracing",
    "zero_slot": "interventions",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
