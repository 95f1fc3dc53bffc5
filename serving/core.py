"""What both fronts share: the models, the threads that run them, limits, metrics and the token."""

from __future__ import annotations

import asyncio
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
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._gives_back)
        try:
            # the work goes on, and its place stays taken until it ends: a run of TensorFlow cannot be broken off
            return await asyncio.wait_for(asyncio.shield(future), timeout)
        except TimeoutError:
            raise ServingError("DEADLINE_EXCEEDED", f"The request took longer than {timeout:g} s") from None
        except (ServingError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise ServingError("INTERNAL", f"{type(error).__name__}: {error}") from error

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

    def _gives_back(self, future: asyncio.Future[Any]) -> None:
        self._taken -= 1
        if not future.cancelled():
            future.exception()  # looked at, so that a request given up on leaves no warning
