"""What reading a request may cost, and what all requests together may hold.

A small request can be large, deep or slow once it is read: compressed, nested, or of values that need a look at each.
Python runs one thread at a time, so a few of those would hold all others up. What is read in one go (by orjson and
NumPy) is read where the request runs, if it is small, or middling while no other such is under way; whatever else would
take long goes to a lane of its own, where JSON is read by another process (`serving.readers`), the time is measured and
given-up work ends. The functions here speak of the request that their thread works on.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from serving.errors import ServingError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = 2**13  # bytes that may be read value by value between other requests: about 5 ms
LARGE = 2**20  # bytes that may be read in one go between other requests: 5 to 20 ms of JSON
_SMALL = 2**17  # bytes of JSON that may be read in one go by several at once: about 1 ms
LARGEST = 2**24  # bytes of a body
_BYTES_OF_VALUES, _SECONDS = 16, 2.0 / LARGEST  # that a byte of the largest body may take, once it is read
_M_MMAP_THRESHOLD, _OWN_PAGES = -3, 2**21
_TRIMMED_AFTER = 1.0  # seconds
_LOOK_AT_THE_CLOCK = 2048  # values between looks

_log = logging.getLogger("serving")
_thread, _turn = threading.local(), threading.Lock()


class NotQuickError(Exception):
    """The request is to be read in the lane for what takes long."""


class Budget:
    """What one request may cost to read; `with` makes it that of the running thread.

    Args:
        is_given_up: whether nobody waits for the answer any more.
        largest: bytes that a body may have; time and memory go by it.
        is_quick: whether it is spent in the quick lane, where nothing may take long.

    Attributes:
        is_quick: as above.
        most_bytes: that its values may take in memory.
    """

    def __init__(self, is_given_up: Callable[[], bool], largest: int = LARGEST, *, is_quick: bool = False) -> None:
        self._is_given_up, self.is_quick = is_given_up, is_quick
        self.most_bytes, self._seconds = _BYTES_OF_VALUES * largest, max(1.0, _SECONDS * largest)
        self._values, self._begun, self._has_turn = 0, 0.0, False

    def __enter__(self) -> Self:
        self._begun = 0.0 if self.is_quick else time.thread_time()
        _thread.budget = self
        return self

    def __exit__(self, *_: object) -> None:
        _thread.budget = None
        if self._has_turn:
            _turn.release()

    def takes_turn(self) -> bool:
        """Whether it may hold the others up, as one request at a time may; it has the turn until it ends."""
        self._has_turn = self._has_turn or _turn.acquire(blocking=False)
        return self._has_turn

    def require_wanted(self) -> None:
        """Raises CANCELLED where nobody waits for the answer any more."""
        if self._is_given_up():
            raise ServingError("CANCELLED", "Nobody waits for the answer any more")

    def spend(self, values: int) -> None:
        """Counts values; looks at the clock once in a while."""
        self._values += values
        if self._values < _LOOK_AT_THE_CLOCK:
            return
        self._values = 0
        self.require_wanted()
        if not self.is_quick and time.thread_time() - self._begun > self._seconds:  # of the processor
            raise TooLargeError(f"Reading the request took longer than {self._seconds:g} s; send fewer values in each")


def is_in_slow_lane() -> bool:
    """Whether this is the lane for what takes long."""
    budget = getattr(_thread, "budget", None)
    return budget is not None and not budget.is_quick


def require_wanted() -> None:
    """Raises CANCELLED where nobody waits for the answer any more."""
    budget = getattr(_thread, "budget", None)
    if budget is not None:
        budget.require_wanted()


def require_slow_lane(size: int, most: int = QUICK) -> None:
    """Sends a request of more than so many bytes to the other lane, if it is not there already.

    Raises:
        NotQuickError: this is the quick lane.
    """
    budget = getattr(_thread, "budget", None)
    if budget is not None and size > most and budget.is_quick:
        raise NotQuickError


def require_turn(size: int) -> None:
    """Sends a request of so many bytes, which are read in one go, to the other lane if it would hold others up there.

    Several at once that each take Python's lock for milliseconds leave small requests little of it: a middling one is
    read where it runs if no other has the turn.

    Raises:
        NotQuickError: this is the quick lane, and the request is large, or middling and another has the turn.
    """
    budget = getattr(_thread, "budget", None)
    if budget is None or not budget.is_quick or size <= _SMALL:
        return
    if size > LARGE or not budget.takes_turn():
        raise NotQuickError


def spend(values: int = 1) -> None:
    """Counts values that were looked at one by one.

    Raises:
        ServingError: the request was given up, or has taken too long.
    """
    budget = getattr(_thread, "budget", None)
    if budget is not None:
        budget.spend(values)


def require_memory(size: int, what: str) -> None:
    """Refuses what would take too much memory, before it does; raises TooLargeError."""
    budget = getattr(_thread, "budget", None)
    if budget is not None and size > budget.most_bytes:
        words = f"{what} would take about {size} bytes, and may take {budget.most_bytes}; send fewer in a request"
        raise TooLargeError(words)


class Memory:
    """Bytes that bodies of all requests hold together. Safe to use from several threads.

    Args:
        most: bytes; a request over that is turned away, unless it is small.

    Attributes:
        taken: bytes that are held.
    """

    def __init__(self, most: int) -> None:
        self._most, self.taken, self._lock = most, 0, threading.Lock()

    def take(self, claim: Claim, size: int) -> None:
        """See `Claim.grow`."""
        with self._lock:
            if claim.is_over:
                raise ServingError("CANCELLED", "Nobody waits for the answer any more")
            if claim.size + size > QUICK and self.taken + size > self._most:
                words = f"Requests of {self.taken} bytes are under way already; try again later"
                raise ServingError("RESOURCE_EXHAUSTED", words)
            claim.size += size
            self.taken += size

    def give_back(self, claim: Claim) -> None:
        """See `Claim`."""
        with self._lock:
            claim.is_over = True
            self.taken -= claim.size


class Claim:
    """What one request holds of the memory; `with` gives it back.

    Args:
        memory: of all.

    Attributes:
        size: bytes.
        is_over: whether they are given back.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory, self.size, self.is_over = memory, 0, False

    def grow(self, size: int) -> None:
        """Takes more.

        Raises:
            ServingError: RESOURCE_EXHAUSTED if all hold too much, CANCELLED if the request is over.
        """
        self._memory.take(self, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.give_back(self)


class Trimmer:
    """Gives memory that the allocator keeps back to the machine, within a second after large requests.

    It takes milliseconds, and what is given back is faulted in again: so once a second, whatever comes meanwhile.
    """

    def __init__(self) -> None:
        self._trim: Any = None
        try:
            library = ctypes.CDLL(None)
            # larger blocks go back to the machine when they are freed; left alone, glibc raises the limit to 32 MiB
            library.mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES)
            self._trim = library.malloc_trim
        except (OSError, AttributeError):
            _log.debug("there is no malloc_trim here")  # not glibc
        self._lock, self._is_due = threading.Lock(), False

    def trim(self) -> None:
        """To be called after a large request."""
        with self._lock:
            if self._trim is None or self._is_due:
                return
            self._is_due = True
        timer = threading.Timer(_TRIMMED_AFTER, self._give_back)
        timer.daemon = True
        timer.start()

    def _give_back(self) -> None:
        with self._lock:  # what is freed from here on is for the next time
            self._is_due = False
        self._trim(0)
