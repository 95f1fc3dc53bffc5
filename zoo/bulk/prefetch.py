"""Doing the next thing while the present one is used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")
_END = object()


def prefetch(items: Generator[T]) -> Generator[T]:
    """The items of a generator, each made in another thread while the one before it is used.

    Reading and writing files, and TensorFlow, let other threads run. No more than one item waits, so that memory is
    bounded. Errors come out where the item would have; the generator is closed with this one.
    """
    try:
        with ThreadPoolExecutor(1) as thread:
            coming: Any = thread.submit(next, items, _END)
            while (item := coming.result()) is not _END:
                coming = thread.submit(next, items, _END)
                yield item
    finally:
        items.close()
