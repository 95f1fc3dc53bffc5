"""What both fronts share: the models, the threads that run them, limits, metrics and the token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from serving.errors import ServingError
from serving.servable import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from serving.manager import Manager
    from serving.metrics import Metrics
    from serving.servable import Servable

_T = TypeVar("_T")
# TensorFlow Serving's names of types, where they are not TensorFlow's in Python
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


class Core:
    """Runs requests in threads.

    Args:
        manager: the models.
        metrics: counts requests.
        run: runs a signature of a servable, by itself or in a batch.
        threads: requests that run at once.
        queue: requests that may wait for a thread; further ones are turned away.
        token: bearer token that requests must carry; "" for none.
    """

    def __init__(
        self,
        manager: Manager,
        metrics: Metrics,
        run: Callable[[Servable, Any, Mapping[str, Any], Sequence[str]], dict[str, Any]],
        threads: int = 8,
        queue: int = 1024,
        token: str = "",
    ) -> None:
        self.manager, self.metrics, self.run = manager, metrics, run
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._most, self._taken, self._token = threads + queue, 0, token
        self._draining = False

    async def in_thread(self, work: Callable[[], _T], timeout: float | None) -> _T:
        """Runs blocking work in a thread.

        Raises:
            ServingError: RESOURCE_EXHAUSTED when too many requests wait, DEADLINE_EXCEEDED after `timeout` seconds,
                UNAVAILABLE while the server shuts down, INTERNAL for what nobody foresaw.
        """
        if self._draining:
            raise ServingError("UNAVAILABLE", "The server is shutting down")
        if self._taken >= self._most:
            raise ServingError("RESOURCE_EXHAUSTED", f"{self._taken} requests are waiting already; try again later")
        self._taken += 1
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()
        self._threads.submit(self._work, work, loop, answer)
        timer = None if timeout is None else loop.call_later(timeout, _expire, answer, timeout)
        try:
            return await answer
        finally:
            if timer is not None:
                timer.cancel()

    def _work(self, work: Callable[[], _T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[_T]) -> None:
        """Runs in a thread. What is given up on meanwhile goes on: a run of TensorFlow cannot be broken off."""
        result, error = None, None
        try:
            if not answer.done():  # nobody waits any more for what was given up on before its turn
                result = work()
        except ServingError as raised:
            error = raised
        except Exception as raised:
            error = ServingError("INTERNAL", f"{type(raised).__name__}: {raised}")
            error.__cause__ = raised
        with contextlib.suppress(RuntimeError):  # the loop may have ended before the work did
            loop.call_soon_threadsafe(self._deliver, answer, result, error)

    def _deliver(self, answer: asyncio.Future[Any], result: Any, error: ServingError | None) -> None:
        self._taken -= 1
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    async def measured(self, model: str, method: str, entrypoint: str, work: Callable[[], Awaitable[_T]]) -> _T:
        """Counts a request, and how long it took if it went well."""
        started = time.perf_counter()
        # a model nobody serves must not become a label: a caller could make as many of them as it likes
        name = model if self.manager.knows(model) else "unknown"
        try:
            answer = await work()
        except ServingError as error:
            self.metrics.count("request_count", model_name=name, status=error.code)
            raise
        self.metrics.count("request_count", model_name=name, status="OK")
        microseconds = 1e6 * (time.perf_counter() - started)
        self.metrics.observe("request_latency", microseconds, model_name=name, API=method, entrypoint=entrypoint)
        return answer

    def require_token(self, authorization: str | None) -> None:
        """Raises UNAUTHENTICATED unless the header carries the server's token, if it has one."""
        if self._token and not hmac.compare_digest((authorization or "").encode(), f"Bearer {self._token}".encode()):
            raise ServingError("UNAUTHENTICATED", "This server wants the header `Authorization: Bearer TOKEN`")

    @staticmethod
    def type_name(dtype: int) -> str:
        """TensorFlow Serving's name of a DataType."""
        name = import_tensorflow().as_dtype(dtype).name
        return _NAMES.get(name, str(name))

    async def drain(self, seconds: float) -> None:
        """Takes no more requests, and waits for those under way."""
        self._draining = True
        deadline = time.monotonic() + seconds
        while self._taken and time.monotonic() < deadline:
            await asyncio.sleep(0.02)


def _expire(answer: asyncio.Future[Any], timeout: float) -> None:
    if not answer.done():
        answer.set_exception(ServingError("DEADLINE_EXCEEDED", f"The request took longer than {timeout:g} s"))
