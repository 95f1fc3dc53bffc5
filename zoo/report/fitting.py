"""Tables that fit the terminal: nothing of them is cut at any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.measure import Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_UNBOUNDED = 10_000


class FirstThatFits:
    """Shows the first of several forms that is not wider than the terminal, or else the last one, folded.

    Args:
        *forms: the same content, from the widest to the narrowest form.
    """

    def __init__(self, *forms: RenderableType) -> None:
        self._forms = forms

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield next((form for form in self._forms if _fits(console, options, form)), self._forms[-1])


class Making(Protocol):
    """Makes the table of some of its columns."""

    def __call__(self, columns: Sequence[str], /, *, is_first: bool) -> RenderableType:
        """Makes it of these columns; the first of several has the title."""


class InParts:
    """Shows a table whose columns do not all fit as several tables, one below the other.

    Args:
        columns: names of the columns that may be parted.
        table: makes the table of some of them; the first of the tables has the title.
    """

    def __init__(self, columns: Sequence[str], table: Making) -> None:
        self._columns, self._table = columns, table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        left, is_first = list(self._columns), True
        while left or is_first:
            count = len(left)
            while count > 1 and not _fits(console, options, self._table(left[:count], is_first=is_first)):
                count -= 1
            yield self._table(left[:count], is_first=is_first)
            left, is_first = left[count:], False


def _fits(console: Console, options: ConsoleOptions, form: RenderableType) -> bool:
    wanted = Measurement.get(console, options.update(max_width=_UNBOUNDED), form).maximum
    return wanted <= options.max_width
