"""What is learned. A task draws batches with NumPy; it knows no model and no framework.

To add a task here: subclass `Task` in a module of its own, and add it to `BUILT_IN`. To add one in
another package: subclass `Task`, decorate it with `register_task`,

    @register_task
    @dataclass(frozen=True)
    class MyTask(Task):
        ...

and name its module in an entry point of that package:

    [project.entry-points."keras_s4ntm.plugins"]
    my-task = "my_package.my_task"
"""

import dataclasses

from keras_s4ntm.registry import Registry
from keras_s4ntm.tasks.adding import Adding
from keras_s4ntm.tasks.associative_recall import AssociativeRecall
from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.char_lm import CharLM
from keras_s4ntm.tasks.copy import Copy
from keras_s4ntm.tasks.copy_memory import CopyMemory
from keras_s4ntm.tasks.dynamic_ngrams import DynamicNgrams
from keras_s4ntm.tasks.frequency_discrimination import FrequencyDiscrimination
from keras_s4ntm.tasks.multi_query_recall import MultiQueryRecall
from keras_s4ntm.tasks.npz import NPZ
from keras_s4ntm.tasks.priority_sort import PrioritySort
from keras_s4ntm.tasks.repeat_copy import RepeatCopy
from keras_s4ntm.tasks.selective_copy import SelectiveCopy
from keras_s4ntm.tasks.seq_mnist import PermutedMNIST, SeqMNIST

BUILT_IN = (
    Copy,
    RepeatCopy,
    AssociativeRecall,
    DynamicNgrams,
    PrioritySort,
    MultiQueryRecall,
    SelectiveCopy,
    CopyMemory,
    Adding,
    FrequencyDiscrimination,
    SeqMNIST,
    PermutedMNIST,
    CharLM,
    NPZ,
)
TASKS = Registry("task")


def register_task(task_class):
    """Add a task to `TASKS` under its name, and return it.

    Raises:
        TypeError: it is not a dataclass and a subclass of `Task`, or lacks `name`, `summary` or
            `target_kind`.
        ValueError: its name is taken, or a field has the name of a parameter of a model or of
            training.
    """
    if not (isinstance(task_class, type) and issubclass(task_class, Task)):
        raise TypeError(f"A task is a subclass of Task, got {task_class!r}.")
    if "__dataclass_fields__" not in vars(task_class):  # those of its base are inherited
        raise TypeError(f"{task_class.__name__} is not a dataclass: decorate it with @dataclass.")
    for attribute, kinds in (("name", str), ("summary", str), ("target_kind", str | property)):
        if not isinstance(getattr(task_class, attribute, None), kinds):
            raise TypeError(f"{task_class.__name__} lacks the class attribute {attribute!r}.")
    fields = [field.name for field in dataclasses.fields(task_class)]
    TASKS.add(task_class.name, task_class, fields)
    return task_class


for _task in BUILT_IN:
    register_task(_task)

__all__ = ["TASKS", "Batch", "Task", "register_task", *(task.__name__ for task in BUILT_IN)]
