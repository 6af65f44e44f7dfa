"""A client that hangs up stops what it asked for; a model that is silent keeps the connection alive."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from fastapi import FastAPI
from hanging_up import hung_up, waited
from scripted_model import Scripted

from assistant.api.streaming import PING, EventStream

QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"
ENDLESS = [f"Bananas ripen in the sun of day {number} [1]. " for number in range(2000)]
STOPPED_WITHIN = 2.0


def asked(url, until, accept="application/json"):
    hung_up(f"{url}/ask", {"question": QUESTION}, lambda _: until(), accept)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("wait", [0.02, 60.0], ids=["talking", "silent"])
def test_a_client_that_hangs_up_stops_the_model(serve_with, accept, wait):
    model = Scripted(ENDLESS, wait=wait)
    url = serve_with(model=model)
    asked(url, lambda: model.asked, accept)
    assert waited(lambda: model.closed, STOPPED_WITHIN)


def test_the_place_of_a_client_that_hung_up_is_free_again(serve_with):
    model = Scripted(ENDLESS, wait=60.0)
    url = serve_with({"concurrent": 1, "waiting": 0}, model)
    asked(url, lambda: model.asked)
    assert waited(lambda: httpx2.get(f"{url}/readyz").json()["busy"] == 0, STOPPED_WITHIN)


def test_a_question_for_which_there_is_no_place_is_answered_with_429_in_both_modes(serve_with):
    model = Scripted(ENDLESS, wait=60.0)
    url = serve_with({"concurrent": 1, "waiting": 0}, model)

    def refused():
        for accept in ("application/json", "text/event-stream"):
            response = httpx2.post(f"{url}/ask", json={"question": QUESTION}, headers={"accept": accept})
            assert (response.status_code, response.headers["content-type"]) == (429, "application/problem+json")
            assert int(response.headers["retry-after"]) >= 1
        return True

    asked(url, lambda: model.asked and refused())


def app_that_streams(events, **options):
    app = FastAPI()

    @app.get("/")
    async def stream():
        return EventStream(events(), **options)

    return app


def test_a_silent_stream_is_kept_alive_by_comments(serve_app):
    async def events():
        yield b"data: 1\n\n"
        await asyncio.sleep(0.3)
        yield b"data: 2\n\n"

    told = httpx2.get(serve_app(app_that_streams(events, ping_seconds=0.05))).content
    assert told.startswith(b"data: 1\n\n" + PING)
    assert told.endswith(PING + b"data: 2\n\n")


def test_a_stream_runs_in_one_task_and_is_closed_in_it(serve_app):
    tasks = []

    async def events():
        tasks.append(asyncio.current_task())
        try:
            for number in range(3):
                await asyncio.sleep(0)
                yield b"data: %d\n\n" % number
        finally:
            tasks.append(asyncio.current_task())

    assert httpx2.get(serve_app(app_that_streams(events))).content.count(b"data") == 3
    assert tasks[0] is tasks[1]


@pytest.mark.parametrize("error", [TimeoutError("a lock"), RuntimeError("another")])
def test_what_fails_before_the_first_event_is_a_status(serve_app, error):
    async def events():
        raise error
        yield b""

    assert httpx2.get(serve_app(app_that_streams(events))).status_code == 500


def test_what_fails_in_the_midst_of_a_stream_breaks_the_connection_off(serve_app):
    async def events():
        yield b"data: 1\n\n"
        raise RuntimeError("a fault of the test's own")

    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(serve_app(app_that_streams(events)))
