"""Parameters by name: what `-p name=value` and a config may give, and what each refusal says."""

import dataclasses
import typing

import pytest

from keras_s4ntm.models import MODELS
from keras_s4ntm.parameters import (
    ParameterError,
    check_parameters,
    check_value,
    choose,
    describe,
    parameters_of,
    suggest,
)
from keras_s4ntm.tasks import TASKS
from keras_s4ntm.training.configuration import TrainingConfig

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        ("3", int, 3),
        (3, int, 3),
        ("-3", int, -3),
        ("0.5", float, 0.5),
        (3, float, 3.0),
        ("1e-3", float, 1e-3),
        ("true", bool, True),
        ("False", bool, False),
        (True, bool, True),
        ("none", str, "none"),
        ("lstm", str, "lstm"),
        ("none", int | None, None),
        ("None", float | None, None),
        (None, int | None, None),
        ("8", int | None, 8),
        ("none", str | None, None),
        ("lstm", str | None, "lstm"),
        ("100,50", int | list[int], [100, 50]),
        ("100", int | list[int], 100),
        ([100], int | list[int], [100]),
        ((1, 2), list[int], [1, 2]),
        ("-3,3", float | list[float], [-3.0, 3.0]),
        ([-3, 3.5], float | list[float], [-3.0, 3.5]),
        ("sequence", int | str, "sequence"),
        ("4", int | str, 4),
        ("1e-6", float | str, 1e-6),
        ("random_normal", float | str, "random_normal"),
        ("4", typing.Optional[int], 4),  # noqa: UP045
    ],
)
def test_a_value_gets_the_declared_type(value, annotation, expected):
    result = check_value("name", value, annotation)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("many", int, "an integer"),
        ("12.5", int, "an integer"),
        (12.5, int, "an integer"),
        (12.0, int, "an integer"),
        (True, int, "an integer"),
        (False, float, "a number"),
        ("yes", bool, "true or false"),
        (1, bool, "true or false"),
        (3, str, "text"),
        (None, int, "an integer"),
        ("3,x", int | list[int], "an integer or integers separated by commas"),
        ("", list[int], "integers separated by commas"),
        ("x", float | None, "a number or none"),
        ({"a": 1}, float | list[float], "a number or numbers separated by commas"),
    ],
)
def test_a_value_of_another_type_is_refused_in_a_users_words(value, annotation, words):
    with pytest.raises(ParameterError) as error:
        check_value("width", value, annotation)
    assert str(error.value) == f"width must be {words}, got {value!r}."


def test_an_unknown_name_is_refused_with_what_was_probably_meant_and_what_there_is():
    sentence = "Unknown fruit 'aple'. Did you mean 'apple'? Accepted: apple, pear."
    assert suggest("fruit", "aple", ["pear", "apple"]) == sentence
    assert suggest("fruit", "xyz", ["pear"]) == "Unknown fruit 'xyz'. Accepted: pear."
    assert choose("fruit", "pear", {"pear": 3}) == 3
    with pytest.raises(ParameterError, match=r"Unknown fruit 'aple'. Did you mean 'apple'"):
        choose("fruit", "aple", {"apple": 1})


def test_all_values_of_an_owner_are_checked_by_name_and_type():
    parameters = {"units": (int, 1), "rate": (float, 0.1)}
    given = check_parameters("a net", {"rate": "2", "units": 3}, parameters)
    assert given == {"rate": 2.0, "units": 3}
    with pytest.raises(ParameterError, match=r"Unknown parameter of a net 'unit'. Did you mean"):
        check_parameters("a net", {"unit": 3}, parameters)
    with pytest.raises(ParameterError, match=r"units must be an integer, got 0.5"):
        check_parameters("a net", {"units": 0.5}, parameters)


def test_parameters_are_the_fields_of_a_dataclass_or_the_keyword_only_arguments_of_a_function():
    @dataclasses.dataclass
    class Both:
        width: int = 3
        kind: typing.ClassVar[str] = "none of them"

    def build(sizes, *, width: int = 3, depth: float | None = None, **more):
        pass

    assert parameters_of(Both) == {"width": (int, 3)}
    assert parameters_of(build) == {"width": (int, 3), "depth": (float | None, None)}


def test_annotations_that_are_texts_are_understood(tmp_path, monkeypatch):
    (tmp_path / "texts_as_annotations.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Fields:\n"
        "    width: int = 3\n"
        "    depths: list[float] | None = None\n"
        "def build(sizes, *, width: int = 3, depths: list[float] | None = None): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import texts_as_annotations as module

    expected = {"width": (int, 3), "depths": (list[float] | None, None)}
    assert parameters_of(module.Fields) == parameters_of(module.build) == expected


def test_every_parameter_that_there_is_has_a_type_that_can_be_described_and_a_default_of_it():
    owners = [
        *((name, parameters_of(task)) for name, task in TASKS.items()),
        *((name, model.parameters) for name, model in MODELS.items()),
        ("training", parameters_of(TrainingConfig)),
    ]
    for owner, parameters in owners:
        for name, (annotation, default) in parameters.items():
            assert describe(annotation), (owner, name)
            assert check_value(name, default, annotation) == default, (owner, name)
