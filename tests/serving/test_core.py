"""Threads, their queue and their deadlines."""

import asyncio
import contextlib
import gc
import threading
import time
import weakref

import pytest

from serving.budget import LARGE, Claim, Memory, require_slow_lane, spend
from serving.core import Core
from serving.errors import ServingError, TooLargeError
from serving.metrics import Metrics


@pytest.fixture
def core():
    return Core(None, Metrics(), None, threads=1, queue=1)


def code_of(result):
    return result.code if isinstance(result, ServingError) else result


def test_what_waits_is_limited_in_number_and_time_and_not_run_once_given_up(core):
    gate, ran = threading.Event(), []

    async def ask():
        first = asyncio.create_task(core.in_thread(lambda: gate.wait(10), 10))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(core.in_thread(lambda: ran.append("second"), 0.1))
        await asyncio.sleep(0.05)
        third = asyncio.create_task(core.in_thread(lambda: ran.append("third"), 10))
        (late,) = await asyncio.gather(second, return_exceptions=True)
        (turned_away,) = await asyncio.gather(third, return_exceptions=True)
        gate.set()
        assert await first is True
        assert await core.in_thread(lambda: "a place is free again", 10)
        return late, turned_away

    late, turned_away = asyncio.run(ask())
    assert (code_of(late), code_of(turned_away)) == ("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
    assert ran == []


def test_errors_arrive_and_unforeseen_ones_are_internal(core):
    def fails(error):
        def work():
            raise error

        return work

    async def ask(error):
        with pytest.raises(ServingError) as caught:
            await core.in_thread(fails(error), None)
        return caught.value

    assert asyncio.run(ask(ServingError("ABORTED", "so"))).code == "ABORTED"
    unforeseen = asyncio.run(ask(ZeroDivisionError("by nothing")))
    assert (unforeseen.code, unforeseen.message) == ("INTERNAL", "ZeroDivisionError: by nothing")


def test_nothing_keeps_an_error_that_was_told(core):
    kept = []

    def fails():
        error = ServingError("ABORTED", "so")
        kept.append(weakref.ref(error))
        raise error

    async def ask():
        with contextlib.suppress(ServingError):
            await core.in_thread(fails, 10)

    gc.disable()
    try:
        asyncio.run(ask())
        deadline = time.monotonic() + 5
        while kept[0]() is not None and time.monotonic() < deadline:
            time.sleep(0.001)  # the thread that raised it lets go of it when it is done
        assert kept[0]() is None
    finally:
        gc.enable()


def test_draining_waits_for_what_runs_and_takes_no_more(core):
    async def ask():
        started = time.monotonic()
        running = asyncio.create_task(core.in_thread(lambda: time.sleep(0.3), None))
        await asyncio.sleep(0.05)
        await core.drain(5)
        assert 0.25 < time.monotonic() - started < 4
        with pytest.raises(ServingError) as caught:
            await core.in_thread(lambda: None, None)
        assert caught.value.code == "UNAVAILABLE"
        await running

    asyncio.run(ask())


def test_what_is_not_quick_goes_to_the_other_lane_where_given_up_and_endless_work_ends(core):
    ended = []

    def reads(values):
        require_slow_lane(100_000)
        try:
            for _ in range(values):
                spend()
        finally:
            ended.append(threading.current_thread().name)
        return values

    async def ask():
        assert await core.in_thread(lambda: reads(10), 10) == 10
        with pytest.raises(ServingError) as caught:
            await core.in_thread(lambda: reads(10**12), 0.2)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert await core.in_thread(lambda: reads(20), 10) == 20  # the one before has left the lane
        with pytest.raises(TooLargeError, match="Reading the request took longer than 1 s"):
            await core.in_thread(lambda: reads(10**12), 30)

    core._largest = 2**20
    asyncio.run(ask())
    assert len(ended) == 4
    assert all(name.startswith("slow") for name in ended)


def test_bodies_under_way_are_limited_together_and_given_back():
    memory = Memory(100_000)
    with Claim(memory) as first, Claim(memory) as second:
        first.grow(90_000)
        with pytest.raises(ServingError, match="Requests of 90000 bytes are under way") as caught:
            second.grow(20_000)
        assert caught.value.http_status == 429
        second.grow(1_000)  # small ones go in
    assert memory.taken == 0
    with pytest.raises(ServingError, match="Nobody waits"):
        first.grow(1)


def test_who_may_reload():
    def refused(header, **tokens):
        try:
            Core(None, Metrics(), None, **tokens).require_right_to_reload(header)
        except ServingError as error:
            return error.code
        return ""

    both = {"tokens": ["a"], "reload_tokens": ["b", "c"]}
    assert refused(None) == ""
    assert refused("Bearer a", **(both | {"reload_tokens": ()})) == "PERMISSION_DENIED"
    assert refused("Bearer a", **both) == "UNAUTHENTICATED"
    assert refused("BEARER b", **both) == ""


def test_of_large_messages_one_has_its_turn_and_small_ones_wait_for_none(core):
    order = []

    async def answered(name, size):
        async with core.turn_of(size):
            order.append(f"{name} begins")
            await asyncio.sleep(0.02)
        order.append(f"{name} ends")

    async def ask():
        await asyncio.gather(answered("first", LARGE + 1), answered("second", LARGE + 1), answered("small", LARGE))

    core._turns = asyncio.Semaphore(1)  # as on up to seven cores
    asyncio.run(ask())
    assert order.index("second begins") > order.index("first ends")
    assert order.index("small begins") < order.index("first ends")
