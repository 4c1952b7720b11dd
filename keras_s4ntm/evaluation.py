"""How well a trained model does, at lengths in and far beyond training."""

import numpy as np
from keras import ops

from keras_s4ntm.metrics import wrong_bits


def evaluate(model, task, seed, sequences, lengths=None, batch_size=64):
    """Wrong bits at each setting of a task.

    Args:
        model: a Keras model of the task.
        task: a task whose output is bits.
        seed: of the test sequences.
        sequences: how many at each setting.
        lengths: what the settings are; default: those that the task names.
        batch_size: sequences at a time.

    Returns:
        A list of dictionaries: the label of the setting (for example `length`),
        `bits_per_sequence`, `bit_error_rate`, `sequence_accuracy`, `sequences`.
    """
    settings = task.settings(lengths)
    batches = [setting.batch(seed, 0, 0, sequences) for _, setting in settings]
    # All settings are padded to one length and predicted together, so that they share one
    # compilation; what follows the scored steps of a sequence does not change them.
    time = max(batch.inputs.shape[1] for batch in batches)
    inputs = np.concatenate([_pad(batch.inputs, time) for batch in batches])
    outputs = model.predict(inputs, batch_size=batch_size, verbose=0)
    outputs = outputs.reshape(len(batches), sequences, time, -1)
    return [
        {**label, **score(batch, output[:, : batch.inputs.shape[1]])}
        for (label, _), batch, output in zip(settings, batches, outputs, strict=True)
    ]


def score(batch, outputs):
    """The figures of one batch."""
    wrong = ops.convert_to_numpy(wrong_bits(batch.targets, outputs, batch.mask))
    return {
        "bits_per_sequence": float(np.mean(wrong)),
        "bit_error_rate": float(np.sum(wrong) / (batch.mask.sum() * outputs.shape[-1])),
        "sequence_accuracy": float(np.mean(wrong == 0)),
        "sequences": len(wrong),
    }


def _pad(inputs, time):
    return np.pad(inputs, ((0, 0), (0, time - inputs.shape[1]), (0, 0)))
