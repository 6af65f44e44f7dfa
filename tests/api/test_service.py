"""Places, limits of time and threads: what every surface of the server relies on."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress

import httpx2
import pytest
from scripted_model import Scripted

from assistant.api.app import create_app
from assistant.api.service import Asked, Places
from assistant.errors import NotReady, Overloaded, PostNotFound, ServerUnreachable, TookTooLong
from assistant.pipeline import Retrieved, answer_of, in_thread

CALM = 0.5
QUESTION = Asked("Why is the preview of my external camera rotated by 90 degrees?")


class Silent(Scripted):
    """Says nothing, for as long as it is asked."""

    def __init__(self):
        super().__init__([])
        self.begun = asyncio.Event()

    async def stream(self, messages, most_tokens, schema=None):
        self.begun.set()
        await asyncio.Event().wait()
        yield ""


def begun(coroutine):
    """A task that has run until it waits."""
    return asyncio.ensure_future(coroutine)


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


def test_work_in_a_thread_that_is_given_up_twice_has_ended_when_the_caller_goes_on():
    started, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        started.set()
        may_end.wait(10)
        ended.set()

    async def run():
        task = begun(in_thread(work))
        await asyncio.to_thread(started.wait, 10)
        for _ in range(2):
            task.cancel()
            await settled()
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(run())


def test_who_comes_when_all_places_are_taken_is_turned_away_at_once_and_told_when_to_come_again():
    async def run():
        places = Places("questions", limit=1, waiting=1)
        async with places.one():
            waiting = begun(places.one().__aenter__())
            await settled()
            with pytest.raises(Overloaded, match="1 questions are being worked on and 1 wait") as turned_away:
                async with places.one():
                    pass
            assert turned_away.value.retry_after >= 1
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            assert places.taken == 1

    asyncio.run(run())


def test_once_the_queue_was_full_nobody_waits_for_a_while_but_a_free_place_is_given():
    async def turned_away(places):
        try:
            async with places.one():
                return False
        except Overloaded:
            return True

    async def run():
        places = Places("questions", limit=1, waiting=1, calm=CALM)
        async with places.one():
            second = begun(turned_away(places))
            await settled()
            assert await turned_away(places)  # the queue is full
        assert not await second
        async with places.one():
            assert await turned_away(places)  # nobody waits
        assert not await turned_away(places)
        await asyncio.sleep(CALM)
        async with places.one():
            third = begun(turned_away(places))
            await settled()
            assert places.taken == 2
        assert not await third

    asyncio.run(run())


def test_who_stops_waiting_for_a_place_leaves_it_to_the_next():
    async def held(places, entered):
        async with places.one():
            entered.append(True)

    async def run():
        places, entered = Places("questions", limit=1, waiting=2), []
        async with places.one():
            impatient, patient = begun(held(places, [])), begun(held(places, entered))
            await settled()
            impatient.cancel()
            await settled()
            assert (places.taken, entered) == (2, [])
        await patient
        assert (places.taken, entered) == (0, [True])

    asyncio.run(run())


def test_the_time_that_an_answer_has_counts_while_it_waits_for_a_place(make_service):
    async def run():
        model = Silent()
        service = make_service(model, concurrent=1, waiting=1, request_seconds=1.0)
        first = begun(service.answer(QUESTION))
        await model.begun.wait()
        second = begun(service.answer(QUESTION))
        for task in (first, second):
            with pytest.raises(TookTooLong, match="within 1 s"):
                await task
        assert service.busy == 0
        service.close()

    asyncio.run(run())


def test_a_stop_ends_what_is_answered_what_waits_and_what_comes_later(make_service):
    async def run():
        model = Silent()
        service = make_service(model, concurrent=1, waiting=1)
        first = begun(service.answer(QUESTION))
        await model.begun.wait()
        second = begun(service.answer(QUESTION))
        await settled()
        assert service.busy == 2
        service.stop()
        for task in (first, second):
            with pytest.raises(NotReady, match="stopping"):
                await task
        for later in (service.answer(QUESTION), service.post("nothing")):
            with pytest.raises(NotReady, match="stopping"):
                await later
        assert (service.busy, service.given_up) == (0, 4)
        service.close()

    asyncio.run(run())


def test_how_the_server_is_can_be_asked_while_every_place_has_a_thread_that_works(make_service, monkeypatch, serve_app):
    service = make_service(concurrent=8, waiting=8)
    may_end, busy = threading.Event(), threading.Semaphore(0)

    def slow(name):
        busy.release()
        may_end.wait(20)
        raise PostNotFound("nothing", hint="search")

    monkeypatch.setattr(service.assistant, "post", slow)
    url = serve_app(create_app(service))
    with ThreadPoolExecutor(8) as clients:
        answers = [clients.submit(httpx2.get, f"{url}/posts/1", trust_env=False, timeout=30) for _ in range(8)]
        try:
            for _ in range(8):
                assert busy.acquire(timeout=10)
            assert httpx2.get(f"{url}/readyz", trust_env=False, timeout=5).json()["busy"] == 8
        finally:
            may_end.set()
        assert [answer.result().status_code for answer in answers] == [404] * 8
    service.close()


def test_a_time_out_that_is_not_the_servers_own_is_not_taken_for_it(make_service, monkeypatch):
    async def run():
        service = make_service()

        def fails(query, *arguments, **more):
            raise TimeoutError("the disk did not answer")

        monkeypatch.setattr(service.assistant, "searched", fails)
        with pytest.raises(TimeoutError, match="the disk"):
            await service.search("camera", 1, QUESTION.filters)
        assert service.busy == 0
        service.close()

    asyncio.run(run())


def test_an_answer_that_is_left_gives_its_place_back(make_service):
    async def run():
        model = Silent()
        service = make_service(model, concurrent=1, waiting=0)
        async with aclosing(service.ask(QUESTION)) as events:
            assert isinstance(await anext(events), Retrieved)
            assert service.busy == 1
            with pytest.raises(Overloaded):
                await service.answer(QUESTION)
        assert service.busy == 0
        service.close()

    asyncio.run(run())


def test_searches_have_places_of_their_own(make_service):
    async def run():
        model = Silent()
        service = make_service(model, concurrent=1, waiting=0)
        async with aclosing(service.ask(QUESTION)) as events:
            await anext(events)
            assert (await service.search("external camera", 3, QUESTION.filters)).hits
        service.close()

    asyncio.run(run())


def test_the_service_answers_as_the_assistant_does(service, sample):
    served = asyncio.run(service.answer(QUESTION))
    asked = asyncio.run(answer_of(sample, QUESTION.question))
    assert (served.reply, served.nearest) == (asked.reply, asked.nearest)


def test_what_a_models_server_says_of_its_folders_leaves_no_surface(make_service):
    class Telling(Scripted):
        async def stream(self, messages, most_tokens, schema=None):
            yield "Set previewLayer.rotationSource to .none for them [1]. "
            raise ServerUnreachable("out of memory in /srv/llm/models/big.gguf", hint="look into ~/llm/log.txt")

    async def run():
        service = make_service(Telling([]))
        answer = await service.answer(QUESTION)
        assert answer.reply.cut_off is not None
        assert (answer.reply.cut_off.message, answer.reply.cut_off.hint) == ("out of memory in big.gguf", "look into log.txt")
        service.close()

    asyncio.run(run())
