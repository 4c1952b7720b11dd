"""Presets: numbers that suit a model on a task, as data.

Layers, tasks and training start as the papers say. A preset changes some of their parameters, so
that a task is learned fast: how heads start, learning rates, clipping. Every number says why. The
one rule of precedence is: what the user gives, then the preset, then the default.

Imports no framework.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from keras_s4ntm.parameters import ParameterError, suggest

PRESETS = {}  # {(model, task): Preset}
AUTO, NONE = "auto", "none"


class Number(NamedTuple):
    """The value of a parameter, and why it has it."""

    value: Any
    why: str


@dataclass(frozen=True)
class Preset:
    """Numbers for a model on a task.

    Args:
        model: the name of the model.
        task: the name of the task.
        numbers: `{name: Number}`, parameters of the model, of the task or of training.
    """

    model: str
    task: str
    numbers: dict

    @property
    def name(self):
        """As `config.json` and the command line show it: `model/task`."""
        return f"{self.model}/{self.task}"

    def values(self):
        """`{name: value}`."""
        return {name: number.value for name, number in self.numbers.items()}


def register_preset(model, tasks, *groups):
    """Register the preset of a model on one task, or the same one on several.

    Args:
        model: the name of the model.
        tasks: the name of a task, or a list of names.
        groups: dictionaries `{name: (value, why)}`; of a name that comes twice the last one counts.

    Raises:
        ValueError: there is one already.
    """
    numbers = {name: Number(*number) for group in groups for name, number in group.items()}
    for task in [tasks] if isinstance(tasks, str) else tasks:
        if (model, task) in PRESETS:
            raise ValueError(f"There is a preset for {model} on {task} already.")
        PRESETS[model, task] = Preset(model, task, numbers)


def find_preset(model, task, choice=AUTO):
    """The preset that is used, or `None`.

    Args:
        model: the name of the model.
        task: the name of the task.
        choice: `"auto"`: that of the model on this task, if there is one; `"none"`; or the name of
            a task: that of the model on that task.

    Raises:
        ParameterError: the model has no preset of this name.
    """
    if choice == NONE:
        return None
    if choice == AUTO:
        return PRESETS.get((model, task))
    if (model, choice) not in PRESETS:
        names = [AUTO, NONE, *(t for m, t in PRESETS if m == model)]
        raise ParameterError(suggest(f"preset of {model}", choice, names))
    return PRESETS[model, choice]
