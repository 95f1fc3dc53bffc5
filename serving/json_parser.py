"""Reads JSON as TensorFlow Serving's parser does: rapidjson 1.1.0 with NaN and Inf, stopping after the first value.

The quick way is orjson. What orjson refuses, or reads in another way, goes through a parser without recursion that
knows rapidjson's words for what is wrong and where.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from serving.budget import LARGE, require_memory, require_slow_lane, require_turn, spend
from serving.errors import invalid

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \n\r\t]*")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LITERALS = {b"n": (b"null", None), b"t": (b"true", True), b"f": (b"false", False)}
_NOT_FINITE = re.compile(rb"(-?)(?:NaN|Inf(?:inity)?)")
_OPEN_STRING = re.compile(rb'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*', re.DOTALL)
_UNSIGNED = 2**64
_DEEPEST = 2**17  # lists and objects in each other; rapidjson knows no limit
# about what CPython takes for a list, an object, a text and any value in one of them
_LIST, _OBJECT, _TEXT, _VALUE = 64, 240, 64, 40
_NUMERALS = b"0123456789.,-+[] \n\r\t"


def words_of(body: bytes) -> bytes:
    """A body without its numbers and lists, which are most of it: what is not in here is not in the body either."""
    return body.translate(None, _NUMERALS)


def parse(body: bytes, words: bytes | None = None) -> Any:
    """The first JSON value of a body.

    Args:
        body: the text.
        words: what `words_of` makes of it, for a caller that has it already.

    Returns:
        Objects are dictionaries in which the first of equal keys counts; numbers are `int` where they are written as
        integers of up to 64 bits, else `float`.

    Raises:
        ServingError: INVALID_ARGUMENT, with the position of what cannot be read.
    """
    require_turn(len(body))
    if len(body) > LARGE:
        _require_memory(body)
    body = body.removeprefix(_BOM)
    words = words_of(body) if words is None else words
    # repeated keys, of which orjson keeps the last, matter at the top level only
    if all(words.count(key) < 2 for key in (b'"instances"', b'"inputs"', b'"signature_name"', b'"examples"')):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    require_slow_lane(len(body))
    return _Parser(body).value()


def _require_memory(body: bytes) -> None:
    """Refuses a body whose values would take a multiple of it: `{},` of three bytes becomes 240."""
    needed = _LIST * body.count(b"[") + _OBJECT * body.count(b"{") + _TEXT * (body.count(b'"') // 2)
    needed += _VALUE * body.count(b",")
    require_memory(needed, "The values of the request's body")


class _Parser:
    def __init__(self, text: bytes) -> None:
        self._text, self._at = text, 0

    def value(self) -> Any:
        """Reads one value; containers that are open are kept on a stack, so that depth costs memory only."""
        if not self._text:
            raise invalid("JSON Parse error: The document is empty")  # said before rapidjson is asked: no offset
        self._skip()
        if self._at == len(self._text):
            raise self._error("The document is empty.")
        root: list[Any] = []
        stack: list[Any] = []  # the containers around the present value
        keys: list[str | None] = []  # and the key it gets in each, None in arrays
        while True:
            spend()
            if len(stack) > _DEEPEST:
                raise self._error(f"Lists and objects are nested deeper than {_DEEPEST}")
            container, key = (stack[-1], keys[-1]) if stack else (root, None)
            opened = self._scalar_or_container()
            _place(container, key, opened)
            if isinstance(opened, (dict, list)):
                stack.append(opened)
                keys.append(None)
                self._skip()
                closing = b"}" if isinstance(opened, dict) else b"]"
                if not self._take(closing):
                    if isinstance(opened, dict):
                        keys[-1] = self._key()
                    continue
                stack.pop()
                keys.pop()
            if not self._next_of(stack, keys):
                return root[0]

    def _next_of(self, stack: list[Any], keys: list[str | None]) -> bool:
        """Goes on to the next value, closing what ends; False after the last."""
        while stack:
            self._skip()
            is_object = isinstance(stack[-1], dict)
            if self._take(b","):
                self._skip()
                if is_object:
                    keys[-1] = self._key()
                return True
            if not self._take(b"}" if is_object else b"]"):
                what = "or '}' after an object member." if is_object else "or ] after an array element."
                raise self._error(f"Missing a comma {what}")
            stack.pop()
            keys.pop()
        return False

    def _scalar_or_container(self) -> Any:
        self._skip()
        first = self._text[self._at : self._at + 1]
        if first in (b"{", b"["):
            self._at += 1
            return {} if first == b"{" else []
        if first == b'"':
            return self._string()
        if first in _LITERALS:
            word, value = _LITERALS[first]
            if not self._text.startswith(word, self._at):
                raise self._error("Invalid value.")
            self._at += len(word)
            return value
        return self._number()

    def _number(self) -> int | float:
        word = _NOT_FINITE.match(self._text, self._at)
        if word:
            self._at = word.end()
            return float(word.group().decode())
        found = _NUMBER.match(self._text, self._at)
        if not found:
            raise self._error("Invalid value.")
        text = found.group()
        if re.fullmatch(rb"-?[0-9]+", text):
            whole = int(text) if len(text) < 30 else _UNSIGNED
            if -(2**63) <= whole < _UNSIGNED:
                self._at = found.end()
                return whole
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise self._error("Number too big to be stored in double.")
        self._at = found.end()
        return number

    def _key(self) -> str:
        if self._text[self._at : self._at + 1] != b'"':
            raise self._error("Missing a name for object member.")
        key = self._string()
        self._skip()
        if not self._take(b":"):
            raise self._error("Missing a colon after a name of object member.")
        return key

    def _string(self) -> str:
        found = _OPEN_STRING.match(self._text, self._at)
        end = found.end() if found else self._at
        if self._text[end : end + 1] != b'"':
            self._at = end
            missing = end >= len(self._text)
            words = "Missing a closing quotation mark" if missing else "Invalid escape character"
            raise self._error(f"{words} in string.")
        try:
            text = orjson.loads(self._text[self._at : end + 1])
        except orjson.JSONDecodeError:
            raise self._error("Invalid encoding in string.") from None
        self._at = end + 1
        return str(text)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _take(self, token: bytes) -> bool:
        if self._text[self._at : self._at + 1] != token:
            return False
        self._at += 1
        return True

    def _error(self, words: str) -> Exception:
        return invalid(f"JSON Parse error: {words} at offset: {self._at}")


def _place(container: Any, key: str | None, value: Any) -> None:
    if isinstance(container, dict):
        container.setdefault(key, value)
    else:
        container.append(value)
