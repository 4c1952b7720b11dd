"""What is trained on what and how: a task, a model and a training configuration.

`Experiment.choose` makes one from names and values, by the one rule of precedence: what the user
gives, then the preset, then the default. Imports no framework.
"""

import dataclasses

from keras_s4ntm.models import MODELS, build_model
from keras_s4ntm.parameters import (
    ParameterError,
    check_parameters,
    check_value,
    choose,
    parameters_of,
    suggest,
)
from keras_s4ntm.presets import AUTO, find_preset
from keras_s4ntm.tasks import TASKS, Task
from keras_s4ntm.training.configuration import TrainingConfig
from keras_s4ntm.training.curriculum import with_curriculum


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A task, a model with all its hyperparameters, and how it is trained.

    Args:
        task: a task.
        model: the name of the model.
        hyperparameters: `{name: value}`, all of the model's.
        training: a `TrainingConfig`.
        seed: of weights and data.
        preset: the name of the preset that values were taken from, or `None`.
    """

    task: Task
    model: str
    hyperparameters: dict
    training: TrainingConfig
    seed: int = 0
    preset: str | None = None

    @classmethod
    def choose(cls, task, model, values=None, preset=AUTO, seed=0):
        """An experiment from names and values.

        Args:
            task, model: names.
            values: `{name: value}`, parameters of the task, of the model or of training by name;
                texts are parsed.
            preset: see `find_preset`.
            seed: of weights and data.

        Raises:
            ParameterError: an unknown name, or a value of another type.
            ValueError: a value that is not accepted.
        """
        task_class = choose("task", task, TASKS)
        chosen = choose("model", model, MODELS)
        owners = {
            "task": parameters_of(task_class),
            "model": chosen.parameters,
            "training": parameters_of(TrainingConfig),
        }
        preset = find_preset(model, task, preset)
        owned = {owner: {} for owner in owners}
        for name, value in {**_usable(preset, task, owners), **(values or {})}.items():
            owner = next((o for o, parameters in owners.items() if name in parameters), None)
            if owner is None:
                known = [n for parameters in owners.values() for n in parameters]
                raise ParameterError(suggest("parameter", name, known))
            owned[owner][name] = check_value(name, value, owners[owner][name][0])
        experiment = cls(
            task_class(**owned["task"]),
            model,
            {**chosen.defaults(), **owned["model"]},
            TrainingConfig(**owned["training"]),
            seed,
            preset and preset.name,
        )
        with_curriculum(experiment.task, experiment.training)  # refuses a task of one difficulty
        experiment.task.noted()  # refuses data that cannot be used
        return experiment

    def build_model(self):
        """The Keras model, its weights drawn from the seed."""
        from keras_s4ntm.backend.random_numbers import set_seed

        set_seed(self.seed)
        return build_model(self.model, self.task, **self.hyperparameters)

    @property
    def is_causal(self):
        """Whether no output of the model depends on a later input."""
        return MODELS[self.model].is_causal(self.hyperparameters)

    @property
    def is_streamable(self):
        """Whether the model runs one time step at a time."""
        return MODELS[self.model].is_streamable(self.hyperparameters)

    def config(self):
        """The experiment as a dictionary of plain values, for `config.json`."""
        task = {"name": self.task.name, "parameters": dataclasses.asdict(self.task)}
        noted = self.task.noted()
        return {
            "task": {**task, "noted": noted} if noted else task,
            "model": {"name": self.model, "parameters": self.hyperparameters},
            "training": dataclasses.asdict(self.training),
            "preset": self.preset,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        """The experiment that `config` returned; the dictionary is data, and checked as such.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: it is not one.
        """
        task_class = choose("task", config["task"]["name"], TASKS)
        name = config["model"]["name"]
        parameters = choose("model", name, MODELS).parameters
        if type(config["seed"]) is not int or config["seed"] < 0:
            raise ParameterError(f"seed must be an integer from 0 on, got {config['seed']!r}.")
        return cls(
            task_class.restored(
                _checked(task_class, config["task"]["parameters"]), config["task"].get("noted", {})
            ),
            name,
            check_parameters(name, config["model"]["parameters"], parameters),
            TrainingConfig(**_checked(TrainingConfig, config["training"])),
            config["seed"],
            check_value("preset", config["preset"], str | None),
        )


def _checked(target, values):
    return check_parameters(target.__name__, values, parameters_of(target))


def _usable(preset, task, owners):
    """The values of a preset, by name. One that is for another task leaves out what only that task
    has.
    """
    if preset is None:
        return {}
    known = {name for parameters in owners.values() for name in parameters}
    borrowed = preset.task != task
    return {k: v for k, v in preset.values().items() if not borrowed or k in known}
