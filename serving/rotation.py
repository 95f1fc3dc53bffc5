"""Certificates and tokens that change while the server runs: their files are looked at again and again."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.tls import read_tls

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("serving")


@dataclass(frozen=True)
class Secrets:
    """What the files of certificates and tokens say.

    Attributes:
        tls: SSLConfig; None for none.
        tokens: one of which requests must carry; none for no need.
        reload_tokens: one of which requests to reload must carry.
    """

    tls: Any
    tokens: tuple[str, ...]
    reload_tokens: tuple[str, ...]


def read_secrets(ssl_config_file: str, bearer_token_file: str, reload_token_file: str) -> Secrets:
    """Reads the files; "" stands for none.

    Raises:
        ValueError: one that says nothing, or nothing that can be used.
        OSError: one that cannot be read.
    """
    tls = read_tls(ssl_config_file) if ssl_config_file else None
    return Secrets(tls, _tokens(bearer_token_file), _tokens(reload_token_file))


def follow(first: Secrets, read: Callable[[], Secrets], seconds: float, change: Callable[[Secrets], None]) -> None:
    """Reads again every so many seconds, in a thread, and says what has changed; what cannot be read changes nothing.

    Files are compared by what is in them: a mounted secret changes by a link far above it.
    """

    def look() -> None:
        known, complaint = first, ""
        while True:
            threading.Event().wait(seconds)
            try:
                found = read()
                if found != known:
                    change(found)
                    _log.info("certificates and tokens have been read again")
                known, complaint = found, ""
            except (ValueError, OSError) as error:  # a file may be half written: it is read again
                if str(error) != complaint:
                    _log.error("certificates and tokens stay as they are: %s", error)
                complaint = str(error)

    threading.Thread(target=look, name="certificates and tokens", daemon=True).start()


def _tokens(file: str) -> tuple[str, ...]:
    """The tokens of a file, one a line: while clients change over, the old and the new one."""
    lines = Path(file).read_text(encoding="utf-8").splitlines() if file else []
    tokens = tuple(line.strip() for line in lines if line.strip())
    if file and not tokens:
        raise ValueError(f"{file}: there is no token in it")
    return tokens
