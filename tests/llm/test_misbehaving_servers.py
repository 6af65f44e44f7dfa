"""R12: servers that refuse, hang, stall, cut and complain, in both protocols. Bounded time, retries before the first sign of
life only, what came is kept."""

from __future__ import annotations

import contextlib
import socket
import time
import traceback
from email.utils import formatdate

import pytest

from assistant.errors import ServerBusy, ServerRefused, ServerTimedOut, ServerUnreachable
from assistant.llm.choosing import model_from
from assistant.llm.model import Ended
from assistant.settings import Settings

KEY = "sk-test-0123456789abcdefghij"


@pytest.fixture
def timed():
    started = time.monotonic()
    return lambda: time.monotonic() - started


def test_an_answer_is_streamed_as_it_came(script, acts, heard):
    script.plays(acts.says("The preview", " is", " rotated."))
    pieces, ended = heard(script.model())
    assert pieces == ["The preview", " is", " rotated."]
    assert (ended.reason, ended.usage.prompt_tokens, ended.usage.completion_tokens, ended.usage.cost) == ("stop", 7, 3, None)


@pytest.mark.parametrize("generator", ["openai:m", "ollama:m"])
def test_a_server_that_is_not_there_is_said_within_seconds(generator, closed_port, heard, timed):
    model = model_from(Settings(generator=generator, base_url=f"http://127.0.0.1:{closed_port}"))
    pieces, error = heard(model)
    assert (pieces, type(error), error.exit_code, error.http_status) == ([], ServerUnreachable, 6, 502)
    assert f"m at http://127.0.0.1:{closed_port}" in error.message
    assert "start" in error.hint
    assert timed() < 5


@pytest.mark.parametrize("generator", ["openai:m", "ollama:m"])
def test_a_server_that_does_not_take_the_connection_is_given_up_after_connect_seconds(generator, heard, timed):
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # more than its queue holds: the next one is not answered
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        pieces, error = heard(model_from(Settings(generator=generator, base_url=url, connect_seconds=0.4, retries=1)))
    assert (pieces, type(error)) == ([], ServerTimedOut)
    assert "connect_seconds" in error.hint
    assert timed() < 5


def test_a_server_that_accepts_and_hangs_is_given_up_after_first_token_seconds(script, acts, heard, timed):
    script.plays(acts.hangs)
    pieces, error = heard(script.model(first_token_seconds=0.5))
    assert (pieces, type(error), error.http_status) == ([], ServerTimedOut, 504)
    assert "0.5 s" in error.message
    assert "first_token_seconds" in error.hint
    assert timed() < 3
    assert script.dropped.wait(2)


def test_a_stream_that_stalls_keeps_what_came_and_is_given_up_after_idle_seconds(script, acts, heard, timed):
    script.plays(acts.stalls("one", " two", " three"))
    pieces, error = heard(script.model(idle_seconds=0.4))
    assert (pieces, type(error)) == (["one", " two", " three"], ServerTimedOut)
    assert "idle_seconds" in error.hint
    assert timed() < 3
    assert script.dropped.wait(2)
    assert len(script.requests) == 1


def test_a_stream_without_end_is_given_up_after_total_seconds(script, acts, heard, timed):
    script.plays(acts.says(*["word ", 0.05] * 200))
    pieces, error = heard(script.model(total_seconds=0.7))
    assert len(pieces) > 2
    assert isinstance(error, ServerTimedOut)
    assert "total_seconds" in error.hint
    assert timed() < 4


def test_a_connection_cut_within_a_chunk_keeps_what_came_and_is_not_retried(script, acts, heard):
    script.plays(acts.cuts("one", " two"), acts.says("never"))
    pieces, error = heard(script.model())
    assert (pieces, type(error)) == (["one", " two"], ServerUnreachable)
    assert "broke off" in error.message
    assert len(script.requests) == 1


def test_a_connection_cut_before_the_first_word_is_retried(script, acts, heard):
    script.plays(acts.hangs_up, acts.cuts(), acts.says("fine"))
    pieces, ended = heard(script.model())
    assert pieces == ["fine"]
    assert isinstance(ended, Ended)
    assert len(script.requests) == 3


def test_a_stream_that_ends_without_saying_so_is_broken(script, acts, heard):
    script.plays(acts.says("one", end=b""))
    pieces, error = heard(script.model())
    assert (pieces, type(error)) == (["one"], ServerUnreachable)
    assert "before the model said that it was done" in error.message


def test_a_connection_cut_after_the_model_has_said_that_it_is_done_cuts_nothing(openai_script, openai_acts, heard):
    done = openai_script.wire.chunk({}, "stop")
    openai_script.plays(openai_acts.cuts("one", done))
    pieces, ended = heard(openai_script.model())
    assert (pieces, ended) == (["one"], Ended("stop", None))


def test_an_error_inside_a_stream_is_raised(script, acts, heard):
    script.plays(acts.says("one", script.wire.error("the GPU is gone"), end=b""))
    pieces, error = heard(script.model())
    assert (pieces, type(error)) == (["one"], ServerUnreachable)
    assert "the GPU is gone" in error.message


@pytest.mark.parametrize("junk", [b"<html>Welcome</html>\n\n", b"data: {torn\n\n", b"5\n", b'data: "text"\n\n', b"[1]\n"])
def test_what_is_no_protocol_at_all_is_an_error_not_a_crash(script, acts, heard, junk):
    script.plays(acts.says(junk, end=b""))
    pieces, error = heard(script.model(retries=0))
    assert (pieces, type(error)) == ([], ServerUnreachable)


def test_500_twice_is_retried_and_then_fine(script, acts, heard):
    script.plays(acts.replies(500, "oops"), acts.replies(500, "oops"), acts.says("fine"))
    assert heard(script.model(retries=2))[0] == ["fine"]
    assert len(script.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_keeps_failing_is_asked_as_often_as_the_settings_say(script, acts, heard, status):
    script.plays(acts.replies(status, "oops"))
    _pieces, error = heard(script.model(retries=1))
    assert isinstance(error, ServerUnreachable)
    assert f"answers {status}: oops" in error.message
    assert len(script.requests) == 2


@pytest.mark.parametrize("in_words", [str, lambda seconds: formatdate(time.time() + seconds + 0.9)])
def test_retry_after_is_waited_for(script, acts, heard, timed, in_words):
    script.plays(acts.replies(429, "slow down", {"retry_after": in_words(1)}), acts.says("fine"))
    assert heard(script.model())[0] == ["fine"]
    assert 0.8 < timed() < 4


def test_retry_after_beyond_first_token_seconds_is_not_waited_for(script, acts, heard, timed):
    script.plays(acts.replies(429, "slow down", {"retry_after": "60"}))
    _pieces, error = heard(script.model())
    assert (type(error), error.http_status) == (ServerBusy, 503)
    assert "60 s" in error.message
    assert timed() < 3
    assert len(script.requests) == 1


def test_a_server_that_loads_its_model_is_waited_for_beyond_the_retries(script, acts, heard):
    loading = acts.replies(503, "Loading model")
    script.plays(loading, loading, loading, acts.says("fine"))
    assert heard(script.model(retries=0))[0] == ["fine"]


def test_a_server_that_never_has_its_model_is_busy(script, acts, heard, timed):
    script.plays(acts.replies(503, "Loading model"))
    _pieces, error = heard(script.model(retries=0, first_token_seconds=1))
    assert isinstance(error, ServerBusy)
    assert timed() < 3


def test_a_server_that_is_busy_for_another_reason_is_not_waited_for(script, acts, heard):
    script.plays(acts.replies(503, "no capacity"))
    _pieces, error = heard(script.model(retries=0))
    assert isinstance(error, ServerBusy)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [(400, "bad request", "log of the server"), (403, "not yours", "OPENAI_API_KEY"), (404, "model m not found", "model"),
     (400, "this exceeds the available context size", "context_tokens"), (418, "a teapot", "log of the server")],
)  # fmt: skip
def test_a_refusal_is_not_retried_and_its_hint_says_what_mends_it(script, acts, heard, status, message, hint):
    script.plays(acts.replies(status, message))
    pieces, error = heard(script.model())
    assert (pieces, type(error), error.exit_code) == ([], ServerRefused, 6)
    assert message in error.message
    assert hint in error.hint
    assert len(script.requests) == 1


def test_a_key_that_the_server_repeats_is_not_shown(openai_script, openai_acts, heard):
    for said in (f"Incorrect API key provided: {KEY}.", "Incorrect API key provided: sk-test*********ghij."):
        openai_script.plays(openai_acts.replies(401, said))
        _pieces, error = heard(openai_script.model(openai_api_key=KEY))
        assert isinstance(error, ServerRefused)
        assert "Incorrect API key provided: …." in error.message
        assert "ghij" not in "".join(traceback.format_exception(error)) + error.hint + repr(error)


def test_a_key_in_an_error_inside_a_stream_is_not_shown(openai_script, openai_acts, heard):
    openai_script.plays(openai_acts.says("one", openai_script.wire.error(f"{KEY} ran out"), end=b""))
    _pieces, error = heard(openai_script.model(openai_api_key=KEY))
    assert "… ran out" in error.message
    assert KEY not in "".join(traceback.format_exception(error))


def test_what_a_server_says_cannot_command_a_terminal(script, acts, heard):
    script.plays(acts.replies(400, "no\x1b]52;c;aGk=\x07\nway" + "!" * 5000))
    _pieces, error = heard(script.model())
    assert error.message.isprintable()
    assert len(error.message) < 500


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(script, script_of, acts, heard, status):
    other = script_of(type(script.wire)())
    other.plays(acts.says("stolen"))
    script.plays(acts.replies(status, "moved", {"location": f"{other.url}/chat/completions?key=hidden"}))
    pieces, error = heard(script.model(openai_api_key=KEY))
    assert (pieces, type(error)) == ([], ServerRefused)
    assert f"127.0.0.1:{other.server_port}" in error.message
    assert "hidden" not in error.message
    assert other.paths == []
