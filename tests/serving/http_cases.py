"""Sends the requests of `protocol/http_cases.json`, and says in which way an answer is not what its case expects."""

import gzip
import http.client
import json
import re
import urllib.parse
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

PROTOCOL = Path(__file__).parent / "protocol"
_TYPES = {"string": str, "array": list, "object": dict}


def read_cases(file):
    """The cases of a file by their names."""
    return {case["id"]: case for case in json.loads((PROTOCOL / file).read_text(encoding="utf-8"))["cases"]}


@dataclass
class Place:
    """Where the cases are run.

    Attributes:
        address: the server's URL.
        model, width, latent: an encoder x [n, width] -> embedding [n, latent].
        half: the name of a half_plus_two.
        version: of the encoder.
        label: that the version has, "" for none.
        features: what the server was started with: cors, prometheus, batching.
    """

    address: str
    model: str
    width: int
    latent: int
    half: str
    version: int
    label: str = ""
    features: frozenset = frozenset()
    _answers: dict = field(default_factory=dict)

    def meets(self, case):
        """Whether a case can be run here."""
        met = {*self.features, *(f"no_{each}" for each in {"cors", "prometheus", "batching"} - self.features)}
        met |= {"label"} if self.label else set()
        return all(need.startswith("signature:") or need in met for need in case.get("requires", ()))

    def faults(self, case):
        """What is wrong with the answer; [] if nothing is."""
        status, headers, body = self._asked(case)
        expected = case["expect"]
        text = body.decode("utf-8", "replace")
        wanted = expected["status"] if isinstance(expected["status"], list) else [expected["status"]]
        if status not in wanted:
            return [f"HTTP {status}, not {wanted}: {text[:300]}"]
        found = [*self._faults_of_head(headers, expected), *self._faults_of_text(text, expected)]
        if {"json", "error_regex", "same_as"} & set(expected):
            found += self._faults_of_json(text, expected)
        return found

    def answer(self, case):
        """The body of a case's answer as JSON."""
        if case["id"] not in self._answers:
            self._answers[case["id"]] = json.loads(self._asked(case)[2])
        return self._answers[case["id"]]

    def _faults_of_head(self, headers, expected):
        patterns = dict(expected.get("header", {}))
        if "content_type" in expected:
            patterns["Content-Type"] = f"^{re.escape(expected['content_type'])}$"
        for name, pattern in patterns.items():
            value = headers.get(name.lower())
            if (value is None) != (pattern is None) or (pattern is not None and not re.search(pattern, value)):
                yield f"header {name} is {value!r}, not {pattern}"

    def _faults_of_text(self, text, expected):
        if expected.get("body_empty") and text:
            yield f"the body is not empty: {text[:300]}"
        if expected.get("body_not_json") and _document(text) is not None:
            yield f"the body is JSON: {text[:300]}"
        if "body_regex" in expected and not re.search(self._text(expected["body_regex"], escaped=True), text):
            yield f"the body does not match {expected['body_regex']}: {text[:300]}"

    def _faults_of_json(self, text, expected):
        document = _document(text)
        if document is None:
            return [f"the body is not JSON: {text[:300]}"]
        found = [fault for each in expected.get("json", ()) for fault in self._faults_at(document, each)]
        if "error_regex" in expected:
            error = document.get("error") if isinstance(document, dict) else None
            pattern = self._text(expected["error_regex"], escaped=True)
            if not isinstance(error, str) or not re.search(pattern, error):
                found.append(f"the error {error!r} does not match {pattern}")
            elif len(error) > expected.get("max_error_len", len(error)):
                found.append(f"the error has {len(error)} characters")
        if "same_as" in expected:
            other = expected["same_as"]
            mine, its = _at(document, other["path"]), _at(self.answer(CASES[other["case"]]), other["other"])
            if not _close(mine, its, 1e-5):
                found.append(f"{other['path']} differs from that of {other['case']}")
        return found

    def _faults_at(self, document, expected):
        try:
            value = _at(document, self._text(expected["path"]))
        except (KeyError, IndexError, TypeError) as error:
            return [f"nothing at {expected['path']!r}: {error!r}"]
        shape = [self._size(size) for size in expected.get("shape", ())]
        holds = {
            "keys": lambda wanted: isinstance(value, dict) and set(value) == set(wanted),
            "len": lambda wanted: len(value) == wanted,
            "type": lambda wanted: isinstance(value, _TYPES[wanted]),
            "shape": lambda _: _shape(value) == shape,
            "equals": lambda wanted: _same(value, self._value(wanted)),
            "approx": lambda wanted: _close(value, wanted, expected.get("rtol", 1e-5)),
            "regex": lambda wanted: isinstance(value, str) and re.search(self._text(wanted, escaped=True), value),
        }
        return [
            f"{expected['path']!r} is {str(value)[:300]}, not {key} {expected[key]}"
            for key, hold in holds.items()
            if key in expected and not hold(expected[key])
        ]

    def _asked(self, case):
        body = None
        if "body_raw" in case:
            body = self._text(case["body_raw"]).encode()
        elif "body" in case:
            body = json.dumps(self._value(case["body"])).encode()
        headers = dict(case.get("headers", {}))
        if body is not None:
            headers = {"Content-Type": "application/json"} | headers
        encoding = case.get("encoding")
        if encoding in {"gzip", "deflate"}:
            body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
            headers["Content-Encoding"] = encoding
        if encoding == "chunked":
            headers["Transfer-Encoding"] = "chunked"
        parts = urllib.parse.urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            for number in range(case.get("repeat", 1)):
                sent = (body[i : i + 61] for i in range(0, len(body), 61)) if encoding == "chunked" else body
                path = self._text(case["path"])
                connection.request(case["method"], path, sent, headers, encode_chunked=encoding == "chunked")
                socket = socket if number else connection.sock  # noqa: F821
                assert connection.sock is socket, "the server closed a connection that it should have kept"
                answer = connection.getresponse()
                read = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, read
        finally:
            connection.close()

    def _text(self, text, *, escaped=False):
        def filled(match):
            key = match[1]
            kind, _, argument = key.partition(":")
            names = {"M": self.model, "H": self.half, "V": str(self.version), "L": self.label}
            names |= {"X": "x", "Y": "embedding", "M%": "".join(f"%{byte:02X}" for byte in self.model.encode())}
            if kind == "tensor":
                return json.dumps(self._ramp([int(size) if size.isdigit() else size for size in argument.split(",")]))
            if kind == "deep":
                return "[" * int(argument) + "]" * int(argument)
            value = names[key] if key in names else str(self._size(key))
            return re.escape(value) if escaped else value

        return re.sub(r"\$\{([^}]+)\}", filled, text)

    def _value(self, value):
        if isinstance(value, dict):
            if "$tensor" in value:
                return self._ramp(value["$tensor"], value.get("start", 0), whole=value.get("int", False))
            return {self._text(key): self._value(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        return self._text(value) if isinstance(value, str) else value

    def _ramp(self, shape, start=0, *, whole=False):
        sizes = [self._size(size) for size in shape]
        numbers = np.arange(np.prod(sizes, dtype=int)) + self._size(start)
        return (numbers % 7 - 3 if whole else np.round(np.sin(numbers * 0.7), 3)).reshape(sizes).tolist()

    def _size(self, size):
        many = min(5000, max(2, 200_000 // self.width))
        names = {"D": self.width, "D+1": self.width + 1, "K": self.latent, "BIG": many}
        return size if isinstance(size, int) else names[size]


CASES = read_cases("http_cases.json")


def _document(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _at(document, path):
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        document = document[int(part[1:-1]) if part[0] == "[" else part]
    return document


def _same(value, wanted):
    """JSON's equality: true is not 1, 1 is not "1", and 12 equals 12.0."""
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(_same(value[key], wanted[key]) for key in value)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(_same, value, wanted))
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return value == wanted or (np.isnan(value) and np.isnan(wanted))
    return type(value) is type(wanted) and value == wanted


def _close(value, wanted, rtol):
    if isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(_close(value[key], wanted[key], rtol) for key in wanted)
    if isinstance(wanted, list):
        pairs = zip(value, wanted, strict=False)
        return isinstance(value, list) and len(value) == len(wanted) and all(_close(*pair, rtol) for pair in pairs)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and bool(np.isclose(value, wanted, rtol=rtol, atol=1e-6, equal_nan=True))


def _shape(value):
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return list(array.shape) if array.dtype.kind in "iuf" else None
