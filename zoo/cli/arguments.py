"""Command lines of `key=value` arguments, for the commands beside `zoo.run`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, ZooError, one_line, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

_FAILED, _INTERRUPTED = 1, 130  # the shell's own number for SIGINT
# how every command names an encoder
ENCODER = "NAME (its champion), NAME/VERSION, NAME@latest (the newest run, blessed or not), runs:/ID, a folder or URL"
_PLAIN_WIDTH = 150  # of a log file


def command(
    prog: str,
    description: str,
    keys: Mapping[str, str],
    act: Callable[[dict[str, str]], None],
    arguments: Sequence[str] | None,
    positional: tuple[str, str] | None = None,
    bare: str | None = None,
) -> int:
    """Reads a command line and does what it asks for.

    Args:
        prog: such as `python -m zoo.push`.
        description: one line.
        keys: key -> what it is for.
        act: called with the values by key; prints what it did, raises `ZooError` for what it could not do.
        arguments: the command line; None takes the process's own.
        positional: name of the one argument without a key, and what it is for.
        bare: the key that one argument without a key stands for, such as the encoder's.

    Returns:
        The exit status: 0 done, 2 wrong argument or input, 130 interrupted, 1 anything else.
    """
    width = max(map(len, keys))
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog="keys:\n"
        + "".join(f"  {key:<{width}}  {purpose}\n" for key, purpose in keys.items())
        + "\nexit status: 0 done, 2 wrong argument or input, 130 interrupted, 1 anything else",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if positional:
        parser.add_argument(positional[0], help=positional[1])
    parser.add_argument("values", nargs="*", metavar=f"{bare.upper()} | key=value" if bare else "key=value")
    options = vars(parser.parse_args(arguments))

    def acted() -> int:
        values = given(options.pop("values"), keys, bare)
        act({**options, **values})
        return 0

    return explained(acted)


_NOTHING_LOST = "nothing was left half done, and the same command can be given again"


def explained(act: Callable[[], int], interrupted: str = _NOTHING_LOST) -> int:
    """The exit status of a command; what can be explained is said in a line instead of a traceback.

    Args:
        act: what it does.
        interrupted: what is said after "interrupted; ".
    """
    try:
        return act()
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  the command line's own voice
        return error.exit_status
    except KeyboardInterrupt:
        print(f"interrupted; {interrupted}", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    except BrokenPipeError:  # what reads along has seen enough
        return quietly_ended()
    except OSError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)  # noqa: T201
        return _FAILED


def quietly_ended() -> int:
    """The exit status of a command whose reader has gone, such as `head`: Python would complain when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def open_console(*, quiet: bool = False, does_nothing_else: bool = False) -> Console:
    """Where a person reads along: wide enough for the tables where it is no terminal and COLUMNS does not say.

    Args:
        quiet: prints nothing.
        does_nothing_else: the command only prints, and has done its work once the reader has gone.
    """
    from rich.console import Console

    class Listing(Console):
        def on_broken_pipe(self) -> None:  # rich ends the process with status 1
            raise BrokenPipeError

    kind = Listing if does_nothing_else else Console
    made = kind(quiet=quiet)
    if made.is_terminal or "COLUMNS" in os.environ:
        return made
    return kind(quiet=quiet, width=_PLAIN_WIDTH)


def begin(what: str) -> None:
    """Says what a command does now, before what it needs is imported; its results alone go to standard output."""
    print(f"{what} ...", file=sys.stderr, flush=True)  # noqa: T201


def refuse_tables(encoders: Iterable[str], instead: str) -> None:
    """Raises InputError for a table where an encoder is to be named; `instead` says what to do with a {table}."""
    from zoo.tables.open_table import readable_name

    for each in encoders:
        if readable_name(each) is not None or Path(each).is_file():
            raise InputError(f"{each}: is this a table? An encoder is wanted here; {instead.format(table=each)}")


def names_in(text: str) -> list[str]:
    """Names that commas part."""
    return [name.strip() for name in text.split(",") if name.strip()]


def page_of(name: str) -> str | None:
    """The file of a report page; None for none."""
    return None if name.lower() in {"none", "null"} else name


def truth_of(key: str, text: str) -> bool:
    """Raises InputError for anything but true and false."""
    if text.lower() not in {"true", "false"}:
        raise InputError(f"{key}={text}: write true or false")
    return text.lower() == "true"


def given(values: Sequence[str], keys: Mapping[str, str], bare: str | None = None) -> dict[str, str]:
    """Values by key; raises InputError for what is no key=value, no key, or there twice.

    An argument without a key stands for `bare`.
    """
    found: dict[str, str] = {}
    for each in values:
        key, equals, value = each.partition("=")
        if bare and each and not equals:
            key, equals, value = bare, "=", each
        if not equals or not value:
            raise InputError(f"{each!r}: write key=value; {suggestion(key, keys, what='keys')}")
        if key not in keys:
            raise InputError(f"there is no key {key!r}; {suggestion(key, keys, what='keys')}")
        if key in found:
            raise InputError(f"{key} is given twice")
        found[key] = value
    return found
