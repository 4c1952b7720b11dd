"""Several models on one task, each trained with several seeds: what `s4ntm compare` does.

    results.json     what was asked for, and what each training gave; one after the other
    MODEL-SEED/      the run directory of a training

A training runs in a process of its own, so that one that fails costs only itself. A comparison that
was interrupted goes on where it stopped. Imports no framework.
"""

import itertools
import json
import os
import statistics
import subprocess

from keras_s4ntm.errors import RunError

# What a table shows of a setting of an evaluation: the first of these that it has.
FIGURES = {
    "above_optimum": "cost above the optimum in bits per sequence",
    "bits_per_sequence": "wrong bits per sequence",
    "bits_per_character": "bits per character",
    "token_accuracy": "share of right tokens",
    "accuracy": "share of right answers",
    "mse": "mean squared error",
}


def figure(result):
    """`(name, value)` of what a table shows of one setting of an evaluation."""
    if "optimal_cost" in result:
        result = {**result, "above_optimum": result["cost"] - result["optimal_cost"]}
    return next((name, result[name]) for name in FIGURES if name in result)


def label_of(result):
    """What names the setting of a result of `evaluate`: all that comes before its figures."""
    return dict(itertools.takewhile(lambda item: item[0] not in FIGURES, result.items()))


def figure_name(results):
    """What the figures of these trainings are."""
    names = [FIGURES[figure(r["results"][0])[0]] for r in results if "error" not in r]
    return names[0] if names else "no figures"


class Comparison:
    """A directory with the trainings of a comparison.

    Args:
        path: the directory, a `pathlib.Path`; where there is one it goes on.
        asked: the task and the options of every training, a list of texts.

    Raises:
        RunError: in the directory is something else, or a comparison that asks for other things.
    """

    def __init__(self, path, asked):
        self.path = path
        self.file = path / "results.json"
        self.content = {"asked": asked, "results": []}
        if self.file.exists():
            try:
                self.content = json.loads(self.file.read_text())
                same = self.content["asked"] == asked
            except (ValueError, KeyError, TypeError) as error:
                raise RunError(f"{self.file} is damaged: {error}.") from error
            if not same:
                raise RunError(
                    f"{path} holds another comparison, of {' '.join(self.content['asked'])}. "
                    "Choose another --run-dir."
                )
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path} exists and is no comparison. Choose another --run-dir.")
        path.mkdir(parents=True, exist_ok=True)

    @classmethod
    def open(cls, path):
        """A comparison that is there.

        Raises:
            RunError: there is none, or it is damaged.
        """
        file = path / "results.json"
        try:
            comparison = cls(path, json.loads(file.read_text())["asked"])
            for result in comparison.results:
                if "error" not in result:
                    summarise(result["model"], [result])
            return comparison
        except OSError as error:
            raise RunError(f"{path} is no comparison: it has no results.json.") from error
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
            raise RunError(f"{file} is damaged: {error!r}.") from error

    @property
    def runs(self):
        """The run directories of the trainings that have begun."""
        return sorted(file.parent for file in self.path.glob("*/config.json"))

    @property
    def results(self):
        """What each training that has ended gave, a dictionary with `model` and `seed`."""
        return self.content["results"]

    def done(self, model, seed):
        """Whether this training has ended."""
        return any((r["model"], r["seed"]) == (model, seed) for r in self.results)

    def train(self, model, seed, command):
        """Train, and note the result.

        Args:
            command: what `s4ntm train` is, a list of arguments. What it prints on standard output
                is the result, as JSON.
        """
        run = self.path / f"{model}-{seed}"
        if (run / "config.json").exists():
            arguments = ["--resume", run]
        else:
            own = ["--model", model, "--seed", seed, "--run-dir", run]
            arguments = [*self.content["asked"], *own]
        process = subprocess.run(
            [*command, *map(str, arguments), "--json"], capture_output=True, text=True
        )
        if process.returncode == 0:
            result = json.loads(process.stdout.splitlines()[-1])
        elif process.returncode in (2, 130):  # a mistake, Ctrl-C: nothing to be noted
            raise RunError(f"Training {model}, seed {seed}: {_last_line(process.stderr)}")
        else:
            result = {"model": model, "seed": seed, "error": _last_line(process.stderr)}
        self.results.append(result)
        temporary = self.file.with_name(".results.json.tmp")
        temporary.write_text(json.dumps(self.content, indent=1) + "\n")
        os.replace(temporary, self.file)


def _last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it ended without a word"


def summarise(model, results):
    """The row of a model in the table.

    Args:
        model: its name.
        results: those of its trainings.

    Returns:
        A dictionary: `model`; `parameters`; `trainings`; how many of them `failed`, and were
        `solved`; medians of `seconds` and, over the solved ones, `sequences_to_solve`; `figures`,
        for each setting of the evaluation `{"median", "low", "high"}`.
    """
    ended = [r for r in results if "error" not in r]
    solved = [r["sequences"] for r in ended if r["solved"]]
    settings = zip(*(r["results"] for r in ended), strict=True)
    figures = [[figure(result)[1] for result in setting] for setting in settings]
    return {
        "model": model,
        "parameters": ended[0]["parameters"] if ended else None,
        "trainings": len(results),
        "failed": len(results) - len(ended),
        "solved": len(solved),
        "seconds": statistics.median(r["seconds"] for r in ended) if ended else None,
        "sequences_to_solve": statistics.median(solved) if solved else None,
        "figures": [
            {"median": statistics.median(f), "low": min(f), "high": max(f)} for f in figures
        ],
    }
