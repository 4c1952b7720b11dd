"""What can be drawn: of a trace, of a run, of several runs, of a comparison.

Each source has a method for every one of its `figures`, which returns it, or raises a ValueError
where there is no such figure. Keras is loaded by what needs the model, and by nothing else.
"""

from functools import cached_property

from keras_s4ntm.analysis.contributions import attribution
from keras_s4ntm.analysis.figures.lengths import generalisation
from keras_s4ntm.analysis.figures.models import comparison
from keras_s4ntm.analysis.figures.signals import verification
from keras_s4ntm.analysis.figures.slots import memory_over_time
from keras_s4ntm.analysis.figures.training import History, training_curve
from keras_s4ntm.analysis.figures.writes import attribution_map
from keras_s4ntm.evaluation.comparison import figure_name, label_of, summarise

ANSWERS = (0.5, 1, 3, 5)  # times the training length: of which the answers are shown
MANY = 4  # at most so many, of lengths that the user chose


class OfTrace:
    """Figures of the first sequence of a `Trace`."""

    figures = ("verification", "memory", "attribution")

    def __init__(self, trace):
        self.trace = trace

    def verification(self):
        return verification(self.trace)

    def memory(self):
        return memory_over_time(self.trace)

    def attribution(self):
        return attribution_map(attribution(self.trace))


class OfRun(OfTrace):
    """Figures of a `Run`.

    Args:
        run: a `Run`.
        setting: `(label, task)` of the sequence that is traced.
        lengths: to evaluate at; default: half the training length, and once to six times.
        sequences: to evaluate at each length.
        seed: of the test sequences.
        layer: the name of the memory layer, where there are several.

    Attributes:
        results: of the evaluation, once it is drawn.
    """

    figures = ("training", "generalisation", *OfTrace.figures)

    def __init__(self, run, setting, lengths=None, sequences=None, seed=0, layer=None):
        self.run = run
        self.setting = setting
        self.lengths = lengths
        self.sequences = sequences
        self.seed = seed
        self.layer = layer
        self.results = []

    @cached_property
    def model(self):
        return self.run.load_model()

    @cached_property
    def trace(self):
        from keras_s4ntm.analysis.samples import trace_test

        return trace_test(self.model, self.setting, sequences=1, seed=self.seed, layer=self.layer)

    def training(self):
        return training_curve([History.of(self.run)])

    def generalisation(self):
        from keras_s4ntm.analysis.samples import results_and_answers
        from keras_s4ntm.analysis.trials import lengths_beyond, training_length

        task = self.run.experiment.task
        _, trained = training_length(task)
        lengths = self.lengths or lengths_beyond(task)
        shown = [lengths.index(n) for n in (int(x * trained) for x in ANSWERS) if n in lengths]
        if self.lengths:
            shown = range(len(lengths))[:MANY]
        self.results, answers = results_and_answers(
            self.model,
            task,
            shown,
            seed=self.seed,
            sequences=self.sequences,
            lengths=lengths,
            causal=self.run.experiment.is_causal,
        )
        return generalisation(self.results, answers, trained)


class OfRuns:
    """Figures of several `Run`s together."""

    figures = ("training",)

    def __init__(self, runs):
        self.runs = runs

    def training(self):
        return training_curve([History.of(run) for run in self.runs])


class OfComparison(OfRuns):
    """Figures of what `s4ntm compare` did.

    Args:
        runs: its `Run`s.
        results: what its trainings gave, a list of dictionaries.
    """

    figures = ("training", "comparison")

    def __init__(self, runs, results):
        super().__init__(runs)
        self.results = results

    def comparison(self):
        ended = [result for result in self.results if "error" not in result]
        models = dict.fromkeys(result["model"] for result in ended)
        rows = [summarise(name, [r for r in ended if r["model"] == name]) for name in models]
        labels = [label_of(result) for result in ended[0]["results"]] if ended else []
        return comparison(rows, labels, figure_name(ended))
