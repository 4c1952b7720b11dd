"""What a trained model answers on sequences whose targets nobody knows.

Shapes: n sequences, T time steps of the longest, O outputs.
"""

import numpy as np

from keras_s4ntm.analysis.answers import probabilities
from keras_s4ntm.errors import DataError


def predict(model, task, sequences, batch_size=64):
    """The answers of a model to sequences of a user's own.

    Args:
        model: a Keras model of the task.
        task: its task.
        sequences: the `Sequences` of a file, `tasks.arrays.read(path)`; targets do not matter.
        batch_size: sequences at a time.

    Returns:
        `{name: array}`: `ids` and `lengths`, `(n,)`; then by the kind of targets

        - classes: `probabilities` `(n, O)` and `classes` `(n,)`, the likeliest;
        - tokens: `probabilities` `(n, T, O)` and `classes` `(n, T)`;
        - bits: `probabilities` `(n, T, O)`, that they are 1;
        - values: `values` `(n, T, O)`;

        and `class_names`, where the classes have names. After the end of a sequence numbers are
        not a number, and classes -1.

    Raises:
        DataError: they have other channels than the task.
    """
    channels = sequences.inputs.shape[1]
    if channels != task.input_size:
        raise DataError(
            f"{sequences.path} has {channels} channels, and the model was trained on "
            f"{task.input_size}."
        )
    outputs = outputs_of(model, task, sequences, batch_size)
    return {
        "ids": sequences.ids,
        "lengths": sequences.lengths,
        **answers(task.target_kind, outputs, sequences),
        **({"class_names": np.array(task.class_names)} if task.class_names else {}),
    }


def outputs_of(model, task, sequences, batch_size):
    """The outputs of a model, `(n, T, O)` or, of classes, `(n, O)`; anything after an end.

    Some models see where their inputs are padded. Others are given sequences of one length at a
    time.
    """
    rows, time = np.arange(len(sequences)), int(sequences.lengths.max())
    if task.standardization is not None and task.standardization[2]:
        inputs = sequences.padded(sequences.inputs, rows, time, np.nan)
        return model.predict(inputs, batch_size=batch_size, verbose=0)
    outputs = None
    for length in np.unique(sequences.lengths):
        alike = rows[sequences.lengths == length]
        inputs = sequences.padded(sequences.inputs, alike, length, 0)
        found = model.predict(inputs, batch_size=batch_size, verbose=0)
        if outputs is None:
            shape = (time, *found.shape[2:]) if found.ndim == 3 else found.shape[1:]
            outputs = np.zeros((len(rows), *shape), found.dtype)
        where = (alike, slice(length)) if found.ndim == 3 else alike
        outputs[where] = found
    return outputs


def answers(kind, outputs, sequences):
    """Outputs as `predict` names them."""
    found = probabilities(outputs, kind).astype("float32")
    classes = outputs.argmax(axis=-1)
    if outputs.ndim == 3:
        over = sequences.mask(np.arange(len(sequences)), outputs.shape[1]) == 0
        found[over], classes[over] = np.nan, -1
    named = {"values" if kind == "values" else "probabilities": found}
    return {**named, "classes": classes} if kind in ("classes", "tokens") else named
