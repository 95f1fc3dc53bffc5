"""The slow parser against Python's own, and rapidjson's words for what is wrong."""

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.budget import Budget
from serving.errors import ServingError
from serving.json_parser import _Parser, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)  # the machine may be busy
@given(VALUES, st.sampled_from([None, 1, 3]))
def test_both_ways_read_what_python_writes(value, indent):
    try:
        text = json.dumps(value, indent=indent).encode()
    except UnicodeEncodeError:
        return
    assert _Parser(text).value() == value
    assert parse(text) == value


@settings(deadline=None)  # the machine may be busy
@given(st.binary())
def test_any_bytes_end_in_a_value_or_in_an_error(body):
    with contextlib.suppress(ServingError):  # anything else fails
        parse(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"  ", "The document is empty. at offset: 2"),
        (b'{"a": [1.0, ]}', "Invalid value. at offset: 12"),
        (b"{'a': 1}", "Missing a name for object member. at offset: 1"),
        (b"[1 2]", "Missing a comma or ] after an array element. at offset: 3"),
        (b'{"a": 1 "b"}', "Missing a comma or '}' after an object member. at offset: 8"),
        (b'{"a" 1}', "Missing a colon after a name of object member. at offset: 5"),
        (b'"abc', "Missing a closing quotation mark in string. at offset: 4"),
        (b"[1e400]", "Number too big to be stored in double. at offset: 1"),
        (b"[Nan]", "Invalid value. at offset: 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(body, words):
    with pytest.raises(ServingError) as caught:
        parse(body)
    assert caught.value.message == f"JSON Parse error: {words}"


def test_numbers_that_json_does_not_know_are_read():
    read = parse(b"[NaN, Inf, -Infinity, -Inf, 9007199254740993, 1.0]")
    assert math.isnan(read[0])
    assert read[1:] == [math.inf, -math.inf, -math.inf, 9007199254740993, 1.0]
    assert isinstance(read[5], float)


def test_the_first_of_two_keys_counts_and_text_after_the_object_does_not():
    assert parse(b'\xef\xbb\xbf{"inputs": 1, "inputs": 2} and more') == {"inputs": 1}


def test_depth_is_no_danger():
    value = parse(b"[" * 100_000 + b"]" * 100_000)
    for _ in range(99_999):
        (value,) = value
    assert value == []
    with pytest.raises(ServingError, match="nested deeper than 131072 at offset: 131073"):
        parse(b"[" * 1_000_000)
    with Budget(lambda: False), pytest.raises(ServingError, match="would take about 640000000 bytes"):
        parse(b"[" * 10_000_000)
