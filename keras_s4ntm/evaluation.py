"""How well a trained model does, at lengths in and far beyond training."""

import numpy as np
from keras import ops

from keras_s4ntm.metrics import wrong_bits


def evaluate(model, task, seed, sequences, lengths=None, batch_size=64, report=None):
    """Wrong bits at each setting of a task.

    Args:
        model: a Keras model of the task.
        task: a task whose output is bits.
        seed: of the test sequences.
        sequences: how many at each setting.
        lengths: what the settings are; default: those that the task names.
        batch_size: sequences at a time.
        report: called with the label of each setting before it is measured.

    Returns:
        A list of dictionaries: the label of the setting (for example `length`),
        `bits_per_sequence`, `bit_error_rate`, `sequence_accuracy`, `sequences`.
    """
    results = []
    for label, setting in task.settings(lengths):
        if report:
            report(label)
        inputs, targets, mask = setting.batch(seed, 0, 0, sequences)
        outputs = model.predict(inputs, batch_size=min(batch_size, sequences), verbose=0)
        wrong = ops.convert_to_numpy(wrong_bits(targets, outputs, mask))
        bits = mask.sum() * targets.shape[-1]
        results.append(
            {
                **label,
                "bits_per_sequence": float(np.mean(wrong)),
                "bit_error_rate": float(np.sum(wrong) / bits),
                "sequence_accuracy": float(np.mean(wrong == 0)),
                "sequences": sequences,
            }
        )
    return results
