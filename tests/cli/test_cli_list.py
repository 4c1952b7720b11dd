"""`s4ntm list`: everything is there, and defaults are printed as `-p` takes them."""

import json
import re

import keras
import pytest

from keras_s4ntm.cli.main import main
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS
from keras_s4ntm.presets import PRESETS
from keras_s4ntm.tasks import TASKS
from keras_s4ntm.training.configuration import TrainingConfig

BACKEND = keras.backend.backend()


def run_list(*arguments):
    """Exit code of `s4ntm list ARGUMENTS`."""
    with pytest.raises(SystemExit) as exit:
        main(["list", *arguments])
    return exit.value.code


@pytest.fixture
def output(capfd):
    """What `s4ntm list ARGUMENTS` prints on standard output."""

    def run(*arguments):
        assert run_list(*arguments) == 0
        return capfd.readouterr().out

    return run


def printed_parameters(text):
    """`{name: {parameter: text}}` of what `s4ntm list` printed."""
    entries, entry = {}, {}
    for line in text.splitlines():
        if match := re.match(r" +-p (\w+)=(\S+) ", line):
            entry[match[1]] = match[2]
        elif not line.startswith(" "):
            entry = entries.setdefault(line.split()[0], {})
    return entries


@pytest.mark.once
@pytest.mark.parametrize(("what", "registry"), [("tasks", TASKS), ("models", MODELS)])
def test_list_names_everything_in_the_registry(what, registry, output):
    printed = output(what)
    assert set(json.loads(output(what, "--json"))) == set(registry)
    assert set(printed_parameters(printed)) == set(registry)


@pytest.mark.once
def test_every_printed_default_is_accepted_by_p(output):
    training = printed_parameters(output("training"))["training"]
    for name, values in printed_parameters(output("tasks")).items():
        experiment = Experiment.choose(name, "lstm", {**values, **training}, preset="none")
        assert experiment.task == TASKS[name]()
        assert experiment.training == TrainingConfig()
    for name, values in printed_parameters(output("models")).items():
        experiment = Experiment.choose("copy", name, values, preset="none")
        assert experiment.hyperparameters == MODELS[name].defaults()


@pytest.mark.once
def test_a_printed_list_none_and_boolean_are_accepted_on_the_command_line(output, capfd):
    values = printed_parameters(output("models"))
    given = values["s4d-ntm"]["input_variance"], values["s4d-ntm"]["read_feedback"]
    assert (*given, values["lstm"]["units"]) == ("none", "false", "256,256,256")
    assignments = [f"{name}={value}" for name, value in values["s4d-ntm"].items()]
    arguments = [x for assignment in assignments for x in ("-p", assignment)]
    with pytest.raises(SystemExit) as exit:
        main(["build", *arguments, "--backend", BACKEND, "--json"])
    assert exit.value.code == 0
    assert json.loads(capfd.readouterr().out)["model"] == "s4d-ntm"


@pytest.mark.once
def test_models_say_what_they_can_do(output):
    for name, model in json.loads(output("models", "--json")).items():
        assert set(model) == {"summary", "causal", "streamable", "parameters"}
        assert model["causal"] is MODELS[name].is_causal(MODELS[name].defaults())
        assert model["streamable"] is MODELS[name].is_streamable(MODELS[name].defaults())
        assert model["parameters"] == MODELS[name].defaults()
    assert output("models").count("    causal, streamable\n") == len(MODELS)


# Presets


@pytest.mark.once
def test_presets_say_what_they_change_and_why(output):
    printed = json.loads(output("presets", "--json"))
    assert set(printed) == {preset.name for preset in PRESETS.values()}
    variance = printed["s4d-ntm/copy"]["input_variance"]
    assert (variance["value"], variance["default"]) == (4.0, None)
    assert "Glorot" in variance["why"]
    assert printed["lstm/seq-mnist"]["units"]["default"] == [256, 256, 256]
    for preset in PRESETS.values():
        numbers = printed[preset.name]
        assert {name: number["value"] for name, number in numbers.items()} == preset.values()
        assert all(set(number) == {"value", "default", "why"} for number in numbers.values())


@pytest.mark.once
def test_presets_are_chosen_by_model_and_task(output):
    assert set(json.loads(output("presets", "--model", "lstm", "--task", "copy", "--json"))) == {
        "lstm/copy"
    }
    of_copy = json.loads(output("presets", "--task", "copy", "--json"))
    assert set(of_copy) == {f"{model}/copy" for model in MODELS}


@pytest.mark.once
def test_presets_with_the_same_numbers_stand_under_one_heading(output):
    lines = output("presets").splitlines()
    assert "lstm, gru, dilated-lstm, skip-lstm, drr-lstm on copy, repeat-copy" in lines
    assert "ntm, ntm-cached on copy" in lines
    headings = [line for line in lines if re.match(r"[\w, -]+ on [\w, -]+$", line)]
    named = [
        f"{model}/{task}"
        for heading in headings
        for model in heading.split(" on ")[0].split(", ")
        for task in heading.split(" on ")[1].split(", ")
    ]
    assert sorted(named) == sorted(preset.name for preset in PRESETS.values())


@pytest.mark.once
def test_a_number_has_a_line_of_at_most_100_columns(output):
    printed = output("presets", "--model", "lstm", "--task", "seq-mnist")
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert lines[:3] == [
        "lstm on seq-mnist",
        "10 numbers default why",
        "steps=4200 1000 Five passes through the 54,000 images.",
    ]
    assert "units=128 256,256,256 As many parameters as the other networks." in lines
    longest = [line for line in output("presets").splitlines() if " on " not in line]
    assert max(len(line) for line in longest) <= 100


@pytest.mark.once
def test_where_there_is_no_preset_it_says_so(output, monkeypatch):
    monkeypatch.setattr("keras_s4ntm.presets.PRESETS", {})
    arguments = ["presets", "--model", "lstm", "--task", "copy"]
    assert output(*arguments) == "There is no preset for lstm on copy.\n"
    assert output(*arguments, "--json") == "{}\n"


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["presets", "--model", "ntmm"], "Unknown model 'ntmm'. Did you mean 'ntm'?"),
        (["presets", "--task", "coppy"], "Unknown task 'coppy'. Did you mean 'copy'?"),
        (["models", "--model", "ntm"], "--model and --task choose among presets"),
        (["preset"], "presets"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_sentence(capfd, arguments, sentence):
    assert run_list(*arguments) == 2
    printed = capfd.readouterr()
    assert sentence in printed.err
    assert printed.out == ""
