"""What of uvicorn is used that its documentation does not promise, and that its version is bounded for that."""

import inspect
import re
from importlib.metadata import version

import pytest
import uvicorn
from packaging.requirements import Requirement
from packaging.version import Version
from served import ROOT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# method -> its parameters, as serving.http_protocol and serving.web override or call them
_PROTOCOL = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_message_complete": ["self"],
    "send_400_response": ["self", "msg"],
}


@pytest.mark.parametrize("name", _PROTOCOL)
def test_the_protocol_has_what_is_overridden_and_called(name):
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == _PROTOCOL[name]


def test_the_protocol_keeps_what_is_read():
    source = inspect.getsource(HttpToolsProtocol)
    for attribute in ("self.transport", "self.loop", "self.scope"):
        assert re.search(rf"{attribute}\b[^=\n]*= ", source)


def test_the_server_can_be_started_watched_and_stopped_without_signals():
    assert list(inspect.signature(uvicorn.Server.capture_signals).parameters) == ["self"]
    server = uvicorn.Server(uvicorn.Config(lambda: None))
    assert (server.started, server.should_exit) == (False, False)
    assert "sockets" in inspect.signature(server.serve).parameters


def test_no_list_of_what_is_used_is_longer_than_this_one():
    used = set()
    for file in ("http_protocol.py", "web.py"):
        source = (ROOT / "serving" / file).read_text()
        used |= set(re.findall(r"super\(\)\.(\w+)\(", source)) - {"__init__"}
        used |= set(re.findall(r"self\.(send_\w+)\(", source))
    assert used == set(_PROTOCOL)


def test_its_version_is_bounded_on_both_sides():
    wanted = Requirement(re.search(r'"(uvicorn[^"]*)"', (ROOT / "pyproject.toml").read_text())[1])
    assert {each.operator for each in wanted.specifier} == {">=", "<"}
    assert Version(version("uvicorn")) in wanted.specifier
