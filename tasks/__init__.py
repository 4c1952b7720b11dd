"""What is learned. A task makes batches with NumPy; it imports no framework and knows no model.

To add a task: subclass `Task` in a module of its own and add it to `TASKS`.
"""

from keras_s4ntm.tasks.base import Batch, Task
from keras_s4ntm.tasks.copy import Copy

TASKS = {task.name: task for task in (Copy,)}

__all__ = ["TASKS", "Batch", "Copy", "Task"]
