"""From a task to what `model.fit` takes: batches, kinds of targets, metrics."""
