"""A value of a recipe is refused exactly if it is not what its part's annotation says, and the message names the key.

The values are drawn from everything that YAML can hold; what is right is judged by plain isinstance and comparison.
"""

import math
import subprocess
import sys
import types
import typing
from collections.abc import Mapping, Sequence

import hypothesis.strategies as st
import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import HealthCheck, given, settings
from recipe_parts import PARTS

from zoo.checking import Checker
from zoo.signature import Part, read_signature

ODD = [
    *(None, True, False, "", " ", "text", "1", "0.5", "true", "null", "nan", "1_000", "é", "none"),
    *(0, 1, 2, -1, 10**30, -(10**30), 0.0, -0.0, 1.0, 0.5, 1.5, -0.5, 1e-300, 1e300, 5e-324),
    *(math.nan, math.inf, -math.inf, [], {}, [None], [1, "a"], [0], [[]], {"a": None}, {"a": 1}, {"": ""}, {1: 1}),
]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.sampled_from(ODD) | st.recursive(
    PLAIN, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each, max_size=3)
)


def accepts(annotation, value):
    """Whether a value is what an annotation says."""
    inner = typing.get_args(annotation)
    judges = {
        typing.Annotated: lambda: accepts(inner[0], value) and all(within(bound, value) for bound in inner[1:]),
        typing.Literal: lambda: any(value == each and type(value) is type(each) for each in inner),
        typing.Union: lambda: any(accepts(each, value) for each in inner),
        Sequence: lambda: isinstance(value, list) and all(accepts(inner[0], each) for each in value),
        Mapping: lambda: (
            isinstance(value, dict)
            and all(accepts(inner[0], key) and accepts(inner[1], each) for key, each in value.items())
        ),
        type(None): lambda: value is None,
        str: lambda: isinstance(value, str),
        bool: lambda: isinstance(value, bool),
        int: lambda: isinstance(value, int) and not isinstance(value, bool),
        float: lambda: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    }
    origin = typing.get_origin(annotation) or annotation
    return judges[{types.UnionType: typing.Union, list: Sequence, dict: Mapping}.get(origin, origin)]()


def within(bound, value):
    match bound:
        case Ge(least):
            return value >= least
        case Gt(least):
            return value > least
        case Le(most):
            return value <= most
        case Lt(most):
            return value < most
    raise AssertionError(bound)


def has_part(annotation):
    is_part = isinstance(annotation, type) and issubclass(annotation, Part)
    return is_part or any(has_part(each) for each in typing.get_args(annotation))


PARAMETERS = [
    (target, name, parameter.annotation)
    for target in PARTS
    for name, parameter in read_signature(target).parameters.items()
]
PLAIN_ONES = [each for each in PARAMETERS if not has_part(each[2])]
WITH_PARTS = [each for each in PARAMETERS if has_part(each[2])]


def faults_of(target, name, value):
    """What the check says of one key of a part; the other keys of the part are missing."""
    checker = Checker()
    checker.arguments("key", {"_target_": target, name: value}, read_signature(target))
    return [fault for fault in checker.faults if fault.startswith((f"key.{name}:", f"key.{name}."))]


def test_every_part_has_its_values_tried():
    assert len(PLAIN_ONES) >= 230
    assert len(WITH_PARTS) >= 30


@pytest.mark.parametrize(("target", "name", "annotation"), PLAIN_ONES, ids=lambda value: str(value).rpartition(".")[2])
def test_odd_values_are_refused_exactly_where_they_are_wrong(target, name, annotation):
    refused = 0
    for value in ODD:
        faults = faults_of(target, name, value)
        assert bool(faults) != accepts(annotation, value), (value, faults)
        refused += bool(faults)
    assert refused >= 10


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PLAIN_ONES), VALUES)
def test_any_value_is_refused_exactly_where_it_is_wrong(parameter, value):
    target, name, annotation = parameter
    faults = faults_of(target, name, value)
    assert bool(faults) != accepts(annotation, value), (target, name, value, faults)


def wrong_parts(annotation):
    """Values that are no part of the kind: no part, a part of another kind, none of that name, an unknown key in it."""
    other = "zoo.preprocessing.Centre" if "Preprocessing" not in str(annotation) else "zoo.bottlenecks.Linear"
    parts = [3, "text", True, [1], {"_target_": 5}, {"_target_": "zoo.nowhere.Part"}, {"_target_": other}]
    inner = typing.get_args(annotation)
    is_optional = type(None) in inner
    if is_optional:
        inner = typing.get_args(next(each for each in inner if each is not type(None)))
    if inner:  # parts by name
        return [3, "text", True, [1], *({"name": part} for part in parts)]
    return parts if is_optional else [*parts, None]


@pytest.mark.parametrize(("target", "name", "annotation"), WITH_PARTS, ids=lambda value: str(value).rpartition(".")[2])
def test_what_is_no_part_of_the_kind_is_refused(target, name, annotation):
    for value in wrong_parts(annotation):
        assert faults_of(target, name, value), value


@pytest.mark.parametrize("target", PARTS)
def test_an_unknown_key_is_refused_with_the_nearest(target):
    for name in read_signature(target).parameters:
        faults = faults_of(target, f"{name}s_", 1)
        assert any(fault.startswith(f"key.{name}s_: unknown key; did you mean '{name}'?") for fault in faults) or (
            len(name) < 3 and any("unknown key" in fault for fault in faults)
        )


def test_no_value_of_any_part_needs_anything_heavy():
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import test_invalid_values as t\n"
        "[t.faults_of(target, name, value) for target, name, _ in t.PARAMETERS for value in (None, 'text', -1)]\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
