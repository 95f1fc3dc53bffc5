"""Several pieces of work at a time, their results in the order of the pieces, and never more than a few at hand."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item, threading.Event], _Result], items: Iterable[_Item], most: int
) -> Generator[_Result]:
    """Works on items in threads.

    The threads are not waited for when the caller goes away, by an error or Ctrl-C: a request may take a minute.

    Args:
        work: called with an item, and an event that is set once nobody wants the result.
        items: taken one by one, as there is room.
        most: items under way, or done and not yet handed out.
    """
    tasks: queue.SimpleQueue[tuple[Future[_Result], _Item] | None] = queue.SimpleQueue()
    under_way: deque[Future[_Result]] = deque()
    stopped = threading.Event()
    threads = 0
    try:
        for item in items:
            if len(under_way) == most:
                yield under_way.popleft().result()
            if threads < most:
                threading.Thread(target=_serve, args=(tasks, work, stopped), name="chunk", daemon=True).start()
                threads += 1
            under_way.append(Future())
            tasks.put((under_way[-1], item))
        while under_way:
            yield under_way.popleft().result()
    finally:
        stopped.set()
        for future in under_way:
            future.cancel()
        for _ in range(threads):
            tasks.put(None)


def _serve(
    tasks: queue.SimpleQueue[Any], work: Callable[[Any, threading.Event], Any], stopped: threading.Event
) -> None:
    while (task := tasks.get()) is not None:
        future, item = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(work(item, stopped))
        except BaseException as error:
            future.set_exception(error)


async def in_order_async(
    work: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], most: int
) -> AsyncGenerator[_Result, None]:
    """The same in tasks of the running loop; those under way are cancelled when the caller goes away."""

    async def serve(item: _Item) -> _Result:
        return await work(item)

    under_way: deque[asyncio.Task[Any]] = deque()
    try:
        for item in items:
            if len(under_way) == most:
                yield await under_way.popleft()
            under_way.append(asyncio.create_task(serve(item)))
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
