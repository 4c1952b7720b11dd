"""What is learned. A task makes batches with NumPy; it imports no framework and knows no model.

To add a task: subclass `Task` in a module of its own and add it to `TASKS`.
"""

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.copy import Copy
from keras_s4ntm.tasks.seq_mnist import SeqMNIST

TASKS = {task.name: task for task in (Copy, SeqMNIST)}

__all__ = ["TASKS", "Batch", "Copy", "SeqMNIST", "Task"]
