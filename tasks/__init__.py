"""What is learned. A task makes batches with NumPy; it imports no framework and knows no model.

To add a task: subclass `Task` in a module of its own and add it to `TASKS`.
"""

from keras_s4ntm.tasks.associative_recall import AssociativeRecall
from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.copy import Copy
from keras_s4ntm.tasks.dynamic_ngrams import DynamicNgrams
from keras_s4ntm.tasks.multi_query_recall import MultiQueryRecall
from keras_s4ntm.tasks.priority_sort import PrioritySort
from keras_s4ntm.tasks.repeat_copy import RepeatCopy
from keras_s4ntm.tasks.selective_copy import SelectiveCopy
from keras_s4ntm.tasks.seq_mnist import SeqMNIST

TASKS = {
    task.name: task
    for task in (
        Copy,
        RepeatCopy,
        AssociativeRecall,
        DynamicNgrams,
        PrioritySort,
        MultiQueryRecall,
        SelectiveCopy,
        SeqMNIST,
    )
}

__all__ = ["TASKS", "Batch", "Task", *(task.__name__ for task in TASKS.values())]
