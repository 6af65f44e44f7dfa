"""What a server logs: what happened, when and for which request, and nothing that anybody wrote."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import warnings
from contextlib import closing

import httpx2
import pytest
from live_server import listening, running
from scripted_model import Scripted

from assistant.api.app import create_app
from assistant.api.observing import logs
from assistant.api.observing.observer import Observer
from assistant.api.service import Asked, Service
from assistant.errors import IndexDamaged, Overloaded, PostNotFound, ServerUnreachable
from assistant.pipeline import Assistant
from assistant.settings import Settings

ASKED, POSTED, KEY, PATH = "zebrafinchasked", "quaggaposted", "sk-okapikeyokapikeyokapikey", "narwhalpath"
SERVER_SAID = "axolotlserversaid"
SECRETS = (ASKED, POSTED, KEY, PATH, SERVER_SAID)


@pytest.fixture
def logged():
    """Configures logging for a test: what was written so far as a list of objects. All is put back afterwards."""
    root, names = logging.getLogger(), ("assistant", "uvicorn", "uvicorn.error", "uvicorn.access")
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).level, logging.getLogger(name).propagate)
              for name in names}  # fmt: skip
    handlers, level = root.handlers, root.level
    stream = io.StringIO()

    def configure(**changes):
        logs.configure(Settings(**changes), stream)
        return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]

    yield configure
    logging.captureWarnings(False)
    root.handlers, root.level = handlers, level
    for name, (had, was, up) in before.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = had, up
        logging.getLogger(name).setLevel(was)


@pytest.fixture
def marked(small, jsonl, keyless):
    """Makes a service over one post whose text is a marker."""
    small.build(jsonl("posts.jsonl", {"id": "a", "title": f"The {POSTED} cable", "body": f"The {POSTED} cable is loose."}))

    def make(model=None, **changes):
        named = {"generator": model.name} if model else {}
        settings = Settings(**{"index": small.folder.path, "api_keys": keyless, "refuse_below": 0, **named, **changes})
        return Service(settings, Assistant(settings, small.embedder, model))

    return make


def events(lines, name):
    return [line for line in lines if line["event"] == name]


def test_an_answer_is_logged_with_everything_but_what_was_said(logged, marked):
    lines = logged()
    service = marked()
    asyncio.run(service.answer(Asked(f"Is the {POSTED} cable {ASKED} loose?", surface="mcp")))
    service.close()
    (answered,) = events(lines(), "answered")
    assert answered["surface"] == "mcp"
    assert answered["citations"] == {"verified": 1}
    assert set(answered["ms"]) == {"rewrite", "retrieve", "first_token", "total"}
    assert answered["level"] == "info"
    assert answered["timestamp"].endswith("Z")
    assert not any(secret in json.dumps(lines()) for secret in SECRETS)


def test_the_question_is_logged_where_the_settings_say_so_and_the_post_is_not(logged, marked):
    lines = logged(log_questions=True)
    service = marked(log_questions=True)
    asyncio.run(service.answer(Asked(f"Is the cable {ASKED} loose?")))
    service.close()
    assert ASKED in events(lines(), "answered")[0]["question"]
    assert POSTED not in json.dumps(lines())


def broken_off():
    return Scripted([f"The {POSTED} ", "cable"], fails_after=1)


def refused(_):
    raise ServerUnreachable(f"it answers 400: {SERVER_SAID}", hint="mend it")


REQUESTS = (
    ("POST", "/ask", {"json": {"question": f"Is the {POSTED} cable {ASKED} loose?"}}),
    ("POST", "/ask", {"json": {"question": f"{ASKED} cable?"}, "headers": {"accept": "text/event-stream"}}),
    ("POST", "/ask", {"json": {"question": ASKED, "unknown": ASKED}}),
    ("POST", "/ask", {"content": f'{{"question": "{ASKED}'}),
    ("POST", "/search", {"json": {"query": f"{POSTED} {ASKED}"}}),
    ("GET", f"/posts/{PATH}", {}),
    ("GET", f"/{PATH}?q={ASKED}", {}),
    (PATH.upper(), "/ask", {}),
    ("POST", "/ask", {"json": {"question": ASKED}, "headers": {"host": f"{PATH}.example"}}),
    ("POST", "/ask", {"json": {"question": ASKED}, "headers": {"origin": f"https://{PATH}.example"}}),
    ("POST", "/ask", {"json": {"question": ASKED}, "headers": {"x-request-id": f"{ASKED} {KEY}"}}),
    ("POST", "/v1/chat/completions", {"json": {"model": PATH, "messages": [{"role": "user", "content": f"{ASKED} cable?"}]}}),
    ("POST", "/v1/chat/completions", {"json": {"model": PATH, "stream": True, "messages": [{"role": "x", "content": ASKED}]}}),
    ("POST", "/mcp", {"json": {"jsonrpc": "2.0", "id": ASKED, "method": ASKED}}),
)  # fmt: skip


def sent(url):
    """All of these requests with a key in the headers; the statuses."""
    statuses = []
    with httpx2.Client(base_url=url, timeout=60, trust_env=False) as client:
        for method, path, arguments in REQUESTS:
            headers = {"authorization": f"Bearer {KEY}", "x-api-key": KEY, **arguments.get("headers", {})}
            statuses.append(client.request(method, path, **{**arguments, "headers": headers}).status_code)
    return statuses


@pytest.mark.parametrize("scripted", [None, broken_off, lambda: Scripted(refused)], ids=["quoting", "broken-off", "refusing"])
def test_no_question_no_post_no_key_and_no_path_is_logged_whatever_is_sent(logged, marked, scripted):
    lines = logged()
    listener, url = listening()
    with closing(marked(scripted and scripted())) as service, running(create_app(service), listener):
        statuses = sent(url)
    assert {200, 404} <= set(statuses) if scripted is None else 404 in statuses
    written = json.dumps(lines())
    assert not [secret for secret in SECRETS if secret in written.lower() or secret in written]
    assert len(events(lines(), "request")) == len(REQUESTS)


def test_every_line_of_a_request_carries_its_id(logged, marked):
    lines = logged()
    listener, url = listening()
    with closing(marked()) as service, running(create_app(service), listener):
        answer = httpx2.post(f"{url}/ask", json={"question": "Is the cable loose?"}, trust_env=False)
    assert answer.status_code == 200
    named = [line for line in lines() if line["event"] in {"answered", "request"}]
    assert {line["event"] for line in named} == {"answered", "request"}
    assert {line.get("request_id") for line in named} == {answer.headers["x-request-id"]}


def test_a_fault_of_ours_is_logged_with_the_requests_id_and_its_lines_of_code(logged):
    lines = logged()
    with pytest.raises(ZeroDivisionError), Observer(Settings()).request("abc"):
        raise ZeroDivisionError(ASKED)
    (line,) = lines()
    assert (line["event"], line["level"], line["request_id"]) == ("crashed", "error", "abc")
    assert line["exception"][0]["class"] == "ZeroDivisionError"
    assert ASKED not in json.dumps(line)


def test_health_checks_that_succeed_are_not_logged(logged):
    lines = logged()
    observer = Observer(Settings())
    observer.requested("GET", "/healthz", 200, 0.001, "a")
    observer.requested("GET", "/readyz", 503, 0.001, "b")
    assert [line["status"] for line in lines()] == [503]


def test_messages_of_errors_are_logged_only_where_they_are_about_us(logged):
    lines = logged()
    observer = Observer(Settings())
    observer.failed("ask", IndexDamaged("the manifest is torn", hint="build anew"))
    observer.failed("ask", Overloaded("too many", hint="later", retry_after=1))
    observer.failed("post", PostNotFound(f"no post {PATH}", hint="search"))
    observer.failed("ask", ServerUnreachable(f"it says {SERVER_SAID}", hint="mend"))
    told = [(line["error"], line["status"], line["level"], line.get("message")) for line in lines()]
    assert told == [
        ("IndexDamaged", 503, "error", "the manifest is torn"),
        ("Overloaded", 429, "warning", "too many"),
        ("PostNotFound", 404, "info", None),
        ("ServerUnreachable", 502, "error", None),
    ]


def test_of_a_library_the_log_has_the_place_and_of_an_exception_the_lines_of_code(logged):
    lines = logged()
    logging.getLogger("chromadb.api").warning("a query for %s", ASKED)
    logging.getLogger("chromadb.api").info("nothing of note")
    logging.getLogger("uvicorn.error").error("address already in use")
    try:
        try:
            raise KeyError(KEY)
        except KeyError as error:
            raise ValueError(ASKED) from error
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(ASKED, stacklevel=1)
    library, address, exception, warning = lines()
    assert library == library | {"event": "library", "logger": "chromadb.api", "level": "warning"}
    assert library["place"].startswith("test_observing_logs.py:")
    assert address["message"] == "address already in use"
    assert [link["class"] for link in exception["exception"]] == ["ValueError", "KeyError"]
    assert exception["exception"][0]["at"][0].endswith(
        "test_of_a_library_the_log_has_the_place_and_of_an_exception_the_lines_of_code"
    )
    assert warning["logger"] == "py.warnings"
    assert not any(secret in json.dumps(lines()) for secret in SECRETS)


def test_a_new_generation_is_logged_once(logged, small, jsonl):
    lines = logged()
    source = jsonl("posts.jsonl", {"id": "a", "body": "The red cable is loose."})
    small.build(source)
    settings = Settings(index=small.folder.path, refuse_below=0)
    service = Service(settings, Assistant(settings, small.embedder))

    def look():
        asyncio.run(service.answer(Asked("Is the cable loose?")))
        service.observer.exposition()

    look()
    first = small.folder.current_name()
    small.build(jsonl("posts.jsonl", {"id": "a", "body": "The blue cable is loose."}))
    look()
    service.close()
    changes = [(line["before"], line["generation"]) for line in events(lines(), "generation")]
    assert changes == [(None, first), (first, small.folder.current_name())]


def test_start_and_stop_are_logged(logged):
    lines = logged()
    observer = Observer(Settings())
    observer.started("http://127.0.0.1:8000")
    observer.draining(2)
    observer.stopped(1)
    told = [{name: line[name] for name in line if name not in {"timestamp", "level", "version"}} for line in lines()]
    assert told == [
        {"event": "started", "address": "http://127.0.0.1:8000", "generator": "extractive"},
        {"event": "draining", "busy": 2, "seconds": 10.0},
        {"event": "stopped", "cut_off": 1},
    ]


def test_on_a_terminal_lines_are_readable_and_obey_no_control_character():
    code = (
        "import sys; from assistant.settings import Settings; from assistant.api.observing import logs;"
        "logs.configure(Settings(log_questions=True)); logs.logger().info('answered', question='a\\x1b[31m\\x9bred\\u202e')"
    )
    leader, follower = os.openpty()
    subprocess.run([sys.executable, "-c", code], stderr=follower, check=True, timeout=60)
    os.close(follower)
    written = os.read(leader, 10_000).decode()
    os.close(leader)
    assert "event='answered' question='a\\x1b[31m\\x9bred\\u202e'" in written
    assert not any(character in written for character in "\x1b\x9b\u202e")


def test_a_request_to_a_model_that_is_sent_again_is_no_data_and_no_message(run_process, sample_index, closed_port):
    environment = {"ASSISTANT_RETRIES": "1"}
    arguments = ("--generator", "openai:x", "--base-url", f"http://127.0.0.1:{closed_port}/v1", "--index", sample_index)
    done = run_process("ask", "Is the camera rotated?", *arguments, env=environment)
    assert done.returncode == 6
    assert done.stdout == ""
    assert "retry" not in done.stderr


def test_nothing_is_written_for_a_program_that_has_not_configured_logging():
    code = (
        "from assistant.settings import Settings; from assistant.api.observing.observer import Observer;"
        "from assistant.errors import IndexDamaged; observer = Observer(Settings()); observer.started('here');"
        "observer.failed('ask', IndexDamaged('torn', hint='build'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("", "")
