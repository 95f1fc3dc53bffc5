"""What both fronts share: the models, the threads that run them, limits, metrics and the token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from serving.budget import LARGE, LARGEST, Budget, Memory, NotQuickError, Trimmer
from serving.errors import ServingError, unforeseen
from serving.readers import Readers
from serving.servable import import_tensorflow
from serving.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from serving.manager import Manager
    from serving.metrics import Metrics
    from serving.servable import Servable

_log = logging.getLogger("serving")
_T = TypeVar("_T")
# Seconds that a thread may run Python while others wait. A request waits some four times for its turn, so turns are
# short while there is work in the slow lane; always short, they would cost a sixth of the requests a second.
_TURN, _SHORT_TURN = 0.005, 0.001
_MOST_SLOW = 256  # requests that may wait for the lane of those that take long to read
# TensorFlow Serving's names of types, where they are not TensorFlow's in Python
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}


@dataclass(slots=True)
class _Task(Generic[_T]):
    work: Callable[[], _T]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[_T]
    size: int
    is_gone: Callable[[], bool]

    def is_given_up(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.answer.done() or self.is_gone()


class Core:
    """Runs requests in threads.

    Args:
        manager: the models.
        metrics: counts requests.
        run: runs a signature of a servable, by itself or in a batch.
        threads: requests that run at once.
        queue: requests that may wait for a thread; further ones are turned away.
        tokens: bearer tokens of which requests must carry one; none for no need.
        reload_tokens: those of which requests to reload must carry one instead; none lets nobody reload where there
            are others, and everybody where there are none.
        memory: bytes that the bodies of all requests may hold together, about.
        largest: bytes that one body may have.

    Attributes:
        manager: as above.
        metrics: as above.
        run: as above.
        memory: what bodies hold of it.
        readers: what reads bodies that take long to.
        tokens: as above; may be changed at any time.
        reload_tokens: as above; may be changed at any time.
    """

    def __init__(
        self,
        manager: Manager,
        metrics: Metrics,
        run: Callable[[Servable, Any, Mapping[str, Any], Sequence[str]], dict[str, Any]],
        threads: int = 8,
        queue: int = 1024,
        tokens: Sequence[str] = (),
        reload_tokens: Sequence[str] = (),
        memory: int = 16 * LARGEST,
        largest: int = LARGEST,
    ) -> None:
        self.manager, self.metrics, self.run = manager, metrics, run
        self.memory, self._trimmer, self._largest = Memory(memory), Trimmer(), largest
        self._threads = Threads(threads, "request")
        # one on up to seven cores: honest requests have the others
        lanes = max(1, (os.cpu_count() or 1) // 4)
        self._slow_lane = Threads(lanes, "slow request")
        self.readers = Readers(lanes, largest)
        self._turns = asyncio.Semaphore(lanes)
        self._slow = 0
        self._most, self._most_running, self._taken = threads + queue, threads, 0
        self.tokens, self.reload_tokens = tokens, reload_tokens
        self._draining = False

    def turn_of(self, size: int) -> contextlib.AbstractAsyncContextManager[Any]:
        """What a request is in from when its message is read until it is answered: of large ones, few at a time.

        What a message comes to in memory may be many times its bytes, and nobody knows before it is read.
        """
        return self._turns if size > LARGE else contextlib.nullcontext()

    async def in_thread(
        self,
        work: Callable[[], _T],
        timeout: float | None,
        *,
        size: int = 0,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> _T:
        """Runs blocking work in a thread; what turns out not to be quick to read, in the lane for that.

        Args:
            work: what to do; it is done again from the start in the other lane.
            timeout: seconds; None for no limit.
            size: bytes of the request.
            is_gone: whether the caller has gone away.

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
        task = _Task(work, loop, answer, size, is_gone)
        self._threads.submit(self._work, task, True)
        timer = None if timeout is None else loop.call_later(timeout, _expire, answer, timeout)
        try:
            return await answer
        finally:
            if timer is not None:
                timer.cancel()
            del answer, task  # an error holds this frame, and they hold the error, until garbage is looked for

    def _work(self, task: _Task[_T], is_quick: bool) -> None:
        """Runs in a thread. A run of TensorFlow cannot be broken off; reading what came before it can."""
        result, error = None, None
        try:
            with Budget(task.is_given_up, self._largest, is_quick=is_quick) as budget:
                budget.require_wanted()  # nobody waits any more for what was given up on before its turn
                result = task.work()
        except NotQuickError:
            with contextlib.suppress(RuntimeError):
                task.loop.call_soon_threadsafe(self._to_slow_lane, task)
            return
        except ServingError as raised:
            error = _without_frames(raised)
        except MemoryError:
            error = ServingError("RESOURCE_EXHAUSTED", "There is no memory left for this request")
        except Exception as raised:
            _log.error("a request failed in a way that nobody foresaw: %s", unforeseen(raised))
            error = ServingError("INTERNAL", f"{type(raised).__name__}: {raised}")
        try:
            task.loop.call_soon_threadsafe(self._deliver, task.answer, result, error, is_quick)
        except RuntimeError:  # the loop may have ended before the work did
            return
        if not is_quick or task.size > LARGE:  # the loop waits for its turn: nothing more is done after small requests
            self._trimmer.trim()

    def _to_slow_lane(self, task: _Task[Any]) -> None:
        if self._slow >= _MOST_SLOW:
            words = f"{self._slow} requests that take long to read are waiting already; try again later"
            self._deliver(task.answer, None, ServingError("RESOURCE_EXHAUSTED", words), True)
            return
        self._slow += 1
        self._taken -= 1
        sys.setswitchinterval(_SHORT_TURN)
        self._slow_lane.submit(self._work, task, False)

    def _deliver(self, answer: asyncio.Future[Any], result: Any, error: ServingError | None, is_quick: bool) -> None:
        if is_quick:
            self._taken -= 1
        else:
            self._slow -= 1
            if not self._slow:
                sys.setswitchinterval(_TURN)
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
        self.metrics.answered(name, method, entrypoint, 1e6 * (time.perf_counter() - started))
        return answer

    def require_token(self, authorization: str | None) -> None:
        """Raises UNAUTHENTICATED unless the header carries the server's token, if it has one."""
        if self.tokens and not _carries(authorization, self.tokens):
            raise ServingError("UNAUTHENTICATED", "This server wants the header `Authorization: Bearer TOKEN`")

    def require_right_to_reload(self, authorization: str | None) -> None:
        """Raises an error unless the header carries the token for reloading, or neither token is set."""
        if self.reload_tokens:
            if not _carries(authorization, self.reload_tokens):
                words = "Reloading wants the header `Authorization: Bearer TOKEN` with the token of --reload_token_file"
                raise ServingError("UNAUTHENTICATED", words)
        elif self.tokens:
            words = "This server reloads for nobody: --reload_token_file names the token that gives the right to"
            raise ServingError("PERMISSION_DENIED", words)

    def is_ready(self) -> bool:
        """Whether requests for some model can be answered."""
        return not self._draining and self.manager.is_ready()

    def gauge(self) -> None:
        """Writes into the metrics what is under way at this moment."""
        running = min(self._taken, self._most_running)
        self.metrics.gauge("requests_running", running)
        self.metrics.gauge("requests_waiting", self._taken - running)
        self.metrics.gauge("slow_requests", self._slow)
        self.metrics.gauge("bytes_in_flight", self.memory.taken)

    @staticmethod
    @cache
    def type_name(dtype: int) -> str:
        """TensorFlow Serving's name of a DataType."""
        name = import_tensorflow().as_dtype(dtype).name
        return _NAMES.get(name, str(name))

    async def drain(self, seconds: float) -> None:
        """Takes no more requests, and waits for those under way."""
        self._draining = True
        deadline = time.monotonic() + seconds
        while self._taken + self._slow and time.monotonic() < deadline:
            await asyncio.sleep(0.02)


def _carries(authorization: str | None, tokens: Sequence[str]) -> bool:
    """Whether a header carries a bearer token; the word before it may be in capitals or not (RFC 9110, 11.1)."""
    scheme, _, carried = (authorization or "").strip().partition(" ")
    given = carried.strip().encode()
    equal = [hmac.compare_digest(given, token.encode()) for token in tokens]  # all of them, whichever it is
    return scheme.lower() == "bearer" and any(equal)


def _without_frames(error: ServingError) -> ServingError:
    """The error alone: frames hold a request's values, and in a circle with their error until garbage is looked for."""
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)


def _expire(answer: asyncio.Future[Any], timeout: float) -> None:
    if not answer.done():
        answer.set_exception(ServingError("DEADLINE_EXCEEDED", f"The request took longer than {timeout:g} s"))
