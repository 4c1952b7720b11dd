"""How well a trained model does: on the test set, at lengths in and far beyond training."""

import numpy as np

from keras_s4ntm.data.padding import pad
from keras_s4ntm.data.targets import target_kind
from keras_s4ntm.layers.figures import figures_of, watching

SEQUENCES = 256  # of a task that has as many as one likes


def evaluate(model, task, seed=0, sequences=None, lengths=None, batch_size=32, causal=True):
    """The figures of a model on the test split of a task.

    Args:
        model: a Keras model of the task.
        task: a task.
        seed: of the test sequences, where the task draws them.
        sequences: how many at each setting; default: the whole test set, or 256 of a task that
            has as many as one likes.
        lengths: what the settings are; default: those that the task names.
        batch_size: sequences at a time; of as many as in training, PyTorch has compiled steps.
        causal: whether no output of the model depends on a later input. Where answers are given
            step by step, all settings are then padded to one length and predicted together, with
            one compilation; each by itself otherwise.

    Returns:
        A list of dictionaries, one for each setting: its label (for example `length`), then

        - for bits `bits_per_sequence`, `bit_error_rate`, `sequence_accuracy`, `sequences`; and
          where they can only be guessed `cost` and `optimal_cost`, that of the best predictor, in
          bits per sequence;
        - for tokens `token_accuracy`, `sequence_accuracy`, `sequences`; and of char-lm
          `bits_per_character`, the cost of its guesses;
        - for classes `accuracy`, `sequences` and `confusion`: a list of rows, `confusion[i][j]`
          sequences of class i taken for class j; and `class_names`, where the classes have names;
        - for values `mse`, `rmse`, `mae`, `sequences`: the mean squared error, its root and the
          mean absolute error, over the scored steps of a sequence and then over sequences;
        - and what layers say of their work: of skip-lstm `updated`, the share of time steps at
          which it updates its state.
    """
    found = predictions(model, task, seed, sequences, lengths, batch_size, causal)
    return [{**score(*one), **work(model, one[2].inputs, batch_size)} for one in found]


def work(model, inputs, batch_size):
    """`{name: value}` of the figures that layers of a model give of their work on some inputs."""
    if not figures_of(model):
        return {}
    with watching(model) as figures:
        model.predict(inputs, batch_size=batch_size, verbose=0)
        return {figure.name: figure.value() for figure in figures}


def score(label, setting, batch, outputs):
    """The figures of one setting, see `evaluate`, from what `predictions` returned for it."""
    return {**label, **target_kind(setting).score(setting, batch, outputs)}


def predictions(model, task, seed=0, sequences=None, lengths=None, batch_size=32, causal=True):
    """What a model answers on the test split of a task; arguments as of `evaluate`.

    Returns:
        A list of `(label, task, batch, outputs)`, one for each setting. The outputs may go on
        beyond the end of the batch.
    """
    settings = task.settings(lengths)
    available = task.size("test")
    sequences = min(sequences or available or SEQUENCES, available or np.inf)
    batches = [setting.batch("test", seed, 0, sequences) for _, setting in settings]
    inputs = [batch.inputs for batch in batches]
    together = causal and batches[0].mask is not None  # a class is an answer about all steps
    if together:
        time = max(x.shape[1] for x in inputs)
        inputs = [np.concatenate([pad(x, time) for x in inputs])]
    outputs = [model.predict(x, batch_size=batch_size, verbose=0) for x in inputs]
    if together:
        ends = np.cumsum([len(batch.inputs) for batch in batches])
        outputs = np.split(outputs[0], ends[:-1])
    labels, tasks = zip(*settings, strict=True)
    return list(zip(labels, tasks, batches, outputs, strict=True))
