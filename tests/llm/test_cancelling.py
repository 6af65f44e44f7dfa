"""To close a stream, or to cancel who listens, ends the request within two seconds, and leaves nothing open.

That is what a scripted server sees of the connection. When a real one then stops to compute is its own affair: see
`test_real_server.py`.
"""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import aclosing

import pytest

from assistant.errors import ServerTimedOut
from assistant.llm.model import complete

SECONDS = 2


async def cancelled_after(seconds, coroutine):
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def listened(stream):
    async for _ in stream:
        pass


def dropped_by(script, coroutine):
    """Whether the server saw its client go away in time, with the loop still running, and nothing was left to complain of."""

    async def watched():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        await coroutine
        return await asyncio.to_thread(script.dropped.wait, SECONDS)

    complaints = []
    seen = asyncio.run(watched())
    gc.collect()
    assert complaints == []
    return seen


def test_closing_a_stream_ends_the_request(script, acts, question):
    async def first_piece_only():
        async with aclosing(script.model().stream(question, 50)) as stream:
            assert await anext(stream) == "one"

    script.plays(acts.stalls("one", " two"))
    assert dropped_by(script, first_piece_only())


def test_leaving_the_loop_and_closing_ends_the_request(script, acts, question):
    async def one_piece():
        stream = script.model().stream(question, 50)
        async for _ in stream:
            break
        await stream.aclose()

    script.plays(acts.stalls("one", " two"))
    assert dropped_by(script, one_piece())


def test_leaving_the_loop_without_closing_ends_the_request_when_the_stream_is_forgotten(script, acts, question):
    async def one_piece():
        async for _ in script.model().stream(question, 50):
            break

    script.plays(acts.stalls("one", " two"))
    assert dropped_by(script, one_piece())


def test_cancelling_between_two_pieces_ends_the_request(script, acts, question):
    script.plays(acts.stalls("one", " two"))
    assert dropped_by(script, cancelled_after(0.4, listened(script.model().stream(question, 50))))


def test_cancelling_before_the_first_word_ends_the_request(script, acts, question):
    script.plays(acts.hangs)
    assert dropped_by(script, cancelled_after(0.4, listened(script.model().stream(question, 50))))
    assert len(script.requests) == 1


def test_cancelling_a_model_that_thinks_ends_the_request(script, acts, question):
    script.plays(acts.stalls(script.wire.thought("hm"), "<think>"))
    assert dropped_by(script, cancelled_after(0.4, listened(script.model().stream(question, 50))))


def test_cancelling_who_waits_for_the_whole_ends_the_request(script, acts, question):
    script.plays(acts.stalls("one", " two"))
    assert dropped_by(script, cancelled_after(0.4, complete(script.model(), question, 50)))


def test_cancelling_during_the_wait_for_another_try_sends_no_other(script, acts, question):
    script.plays(acts.replies(503, "Loading model"))
    asyncio.run(cancelled_after(0.3, listened(script.model().stream(question, 50))))
    asked = len(script.requests)
    time.sleep(0.7)
    assert len(script.requests) == asked == 1


def test_a_slow_listener_is_not_cancelled_by_the_time_between_two_pieces(script, acts, question):
    async def slow():
        pieces = []
        async with aclosing(script.model(idle_seconds=0.3, first_token_seconds=1).stream(question, 50)) as stream:
            async for item in stream:
                await asyncio.sleep(0.5)
                pieces.append(item)
        return pieces[:-1]

    script.plays(acts.says("one", " two"))
    assert asyncio.run(slow()) == ["one", " two"]


def test_a_stream_may_be_listened_to_from_several_tasks_in_turn(script, acts, question):
    async def in_turn():
        stream = script.model().stream(question, 50)
        pieces = [await asyncio.create_task(anext(stream)) for _ in range(2)]
        await stream.aclose()
        return pieces

    script.plays(acts.says("one", " two", 0.2))
    assert asyncio.run(in_turn()) == ["one", " two"]


def test_a_model_serves_several_event_loops_and_streams_at_once(script, acts, question):
    async def both():
        return await asyncio.gather(*(complete(model, question, 50) for _ in range(3)))

    model = script.model()
    script.plays(acts.says("one", 0.1, " two"))
    for _ in range(2):
        assert [text for text, _ in asyncio.run(both())] == ["one two"] * 3


def test_a_time_out_of_the_caller_stays_the_callers(script, acts, question):
    async def hurried():
        async with asyncio.timeout(0.3):
            await listened(script.model().stream(question, 50))

    script.plays(acts.hangs)
    with pytest.raises(TimeoutError) as raised:
        asyncio.run(hurried())
    assert not isinstance(raised.value, ServerTimedOut)
