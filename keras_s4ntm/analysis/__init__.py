"""What a memory network does, made visible.

tracing.py        `trace`: all quantities of every time step
trace_file.py     `Trace`: what they are called, and a file of them
stepping.py       the time steps of a layer in plain sight
record.py         what they compute, under the names of a `Trace`
contributions.py  `attribution`: which writes a read vector is made of
memory_trace.py   `MemoryTrace`: traces of a network while it is trained
interventions.py  `intervene`: the same sequence, with something changed
answers.py        the answers of a trace beside what was right
samples.py        traces and answers on test sequences of a task
measures.py       `measure`: what a trace says in numbers
trials.py         `capacity`, `memory_share`, `robustness`: numbers that need the model to run again
algorithm.py      `learned_algorithm`: what the heads do, in sentences
figures           drawings of all this, by matplotlib; each function returns its `Figure`:
                  `figures.verification(trace)`, `generalisation(results, traces)`,
                  `training_curve(histories)`, `comparison(rows, labels, name)`,
                  `memory_over_time(trace)`, `attribution_map(attribution)`; `figures.save` writes
                  one
figures/style.py  how they look: widths of a paper's column, grey and cividis
report            a run as one HTML file with a memory explorer
"""

from keras_s4ntm.lazy import lazy_names

_HOMES = {
    "Attribution": "contributions",
    "Intervention": "interventions",
    "MemoryTrace": "memory_trace",
    "Trace": "trace_file",
    "attribution": "contributions",
    "capacity": "trials",
    "freeze": "interventions",
    "intervene": "interventions",
    "learned_algorithm": "algorithm",
    "measure": "measures",
    "memory_share": "trials",
    "move": "interventions",
    "replace": "interventions",
    "robustness": "trials",
    "trace": "tracing",
    "zero_slot": "interventions",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
