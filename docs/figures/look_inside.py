"""The pictures of docs/look-inside.md: what the memory of a trained network does.

s4ntm train copy --backend torch --run-dir runs/copy
python docs/figures/look_inside.py runs/copy docs/figures
"""

import sys
from pathlib import Path

from keras_s4ntm.analysis.figures import save
from keras_s4ntm.analysis.figures.sources import OfRun
from keras_s4ntm.runs import Run


def main(run, folder):
    run = Run.open(run)
    source = OfRun(run, run.experiment.task.settings()[0])
    for name in ("verification", "memory", "attribution"):
        save(getattr(source, name)(), Path(folder) / f"look_inside_{name}", ["png"])


if __name__ == "__main__":
    main(*sys.argv[1:])
