"""The guards around an application that records what reaches it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from types import SimpleNamespace

import pytest

from assistant.api.guarding import guarded
from assistant.api.guarding.bodies import MOST_BYTES, Bounded
from assistant.api.guarding.identifying import Identified
from assistant.api.guarding.keys import make, remove
from assistant.settings import Settings

MADE = re.compile(r"[0-9a-f]{16}")
OWN_KEY = "a-key-of-the-settings-of-this-test"
TRICKS = [
    "//ask", "/ASK", "/v1/../healthz", "/healthz/../ask", "/healthz/", "//healthz", "/healthz//ask", "/readyz;/ask", "/%2e/ask",
    "/.", "//", "/healthz%2f..%2fask", "/healthz?/ask", "/healthz\x00", "/Healthz", "/readyz/", "/healthz\n", "/page/../ask",
    "/page/..", "/page/a/b.js", "/page/.js", "/page/", "/page/%2e%2e/ask", "/page/main.js/", "/page/main.js/../../ask",
    "/page/ask", "/PAGE/main.js",
]  # fmt: skip


class Recorder:
    """An application that answers 200 with the body that it got, and an observer."""

    def __init__(self, headers=(), route="/things/{id}", fails=False):
        self.reached, self.told, self.within = [], [], []
        self._headers, self._route, self._fails = headers, route, fails

    async def __call__(self, scope, receive, send):
        self.reached.append(scope)
        scope["route"] = SimpleNamespace(path=self._route)
        if self._fails:
            raise ZeroDivisionError
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [*self._headers]})
        await send({"type": "http.response.body", "body": message.get("body", b"") + b"...", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def requested(self, method, route, status, seconds, request_id):
        assert 0 <= seconds < 60
        self.told.append((method, route, status, request_id))

    @contextlib.contextmanager
    def request(self, request_id):
        self.within.append(request_id)
        yield


class Client:
    """Speaks ASGI to an app: the response's status, headers and body as attributes."""

    def __init__(self, app):
        self.app = app

    def __call__(self, path="/ask", method="POST", messages=None, **headers):
        named = {"host": "127.0.0.1:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
        pairs = [(name.encode(), one.encode("latin-1")) for name, value in named.items()
                 for one in (value if isinstance(value, list) else [value])]  # fmt: skip
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": pairs,
        }
        return asyncio.run(self._speak(scope, messages or [{"type": "http.request", "body": b"", "more_body": False}]))

    async def _speak(self, scope, messages):
        waiting, sent = list(messages), []

        async def receive():
            if not waiting:
                await asyncio.Event().wait()
            message = waiting.pop(0)
            if isinstance(message, float):
                await asyncio.sleep(message)
                return await receive()
            return message

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        if not sent:
            return None
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return SimpleNamespace(
            status=sent[0]["status"], headers=headers, body=b"".join(message["body"] for message in sent[1:]), left=waiting
        )


def service_of(recorder, tmp_path, **changes):
    settings = Settings(**{"api_keys": tmp_path / "api-keys.json", **changes})
    return SimpleNamespace(settings=settings, observer=recorder)


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def ask(recorder, tmp_path):
    """A client of a server that needs no key."""
    return Client(guarded(recorder, service_of(recorder, tmp_path)))


@pytest.fixture
def ask_with_key(recorder, tmp_path):
    """A client of a server that needs one."""
    return Client(guarded(recorder, service_of(recorder, tmp_path, api_key=OWN_KEY)))


def code_of(response):
    return json.loads(response.body)["code"]


# --- ids, headers, what is told


def test_a_well_formed_request_id_is_kept_and_echoed(ask, recorder):
    assert ask(x_request_id="a.B-9_").headers["x-request-id"] == "a.B-9_"
    assert recorder.reached[0]["state"]["request_id"] == "a.B-9_"
    assert recorder.told == [("POST", "/things/{id}", 200, "a.B-9_")]
    assert recorder.within == ["a.B-9_"]


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a\nb", "ä", "<script>", "a,b"])
def test_another_request_id_is_replaced(ask, recorder, given):
    response = ask(x_request_id=given)
    assert MADE.fullmatch(response.headers["x-request-id"])
    assert recorder.reached[0]["state"]["request_id"] == response.headers["x-request-id"]


def test_the_host_that_was_checked_is_left_for_the_routes_as_it_was_written(ask, recorder):
    for host in ("127.0.0.1:8000", "LocalHost", "[::1]:9"):
        assert ask(host=host).status == 200
    assert [scope["state"]["authority"] for scope in recorder.reached] == ["127.0.0.1:8000", "LocalHost", "[::1]:9"]


def test_two_requests_have_two_ids(ask):
    assert ask().headers["x-request-id"] != ask().headers["x-request-id"]


def test_an_error_carries_the_id_in_header_and_body(ask, recorder):
    response = ask(host="evil.example", x_request_id="mine")
    assert (response.status, response.headers["x-request-id"], json.loads(response.body)["request_id"]) == (421, "mine", "mine")
    assert recorder.told == [("POST", "", 421, "mine")]


@pytest.mark.parametrize("headers", [{}, {"host": "evil.example"}, {"origin": "null"}, {"content_length": str(MOST_BYTES + 1)}])
def test_every_response_has_the_headers_that_keep_a_browser_safe(ask, headers):
    response = ask(**headers)
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
            "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
            "trusted-types 'none'"} == set(policy)  # fmt: skip
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cross-origin-opener-policy"] == response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in response.headers["permissions-policy"]
    assert response.headers["cache-control"] == "no-store"
    assert not [name for name in response.headers if name.startswith("access-control-") or name == "server"]


def test_what_a_route_says_of_caching_stays(tmp_path):
    recorder = Recorder(headers=[(b"cache-control", b"max-age=60")])
    response = Client(guarded(recorder, service_of(recorder, tmp_path)))()
    assert response.headers["cache-control"] == "max-age=60"


def test_a_client_that_leaves_before_the_answer_is_told_as_499(ask, recorder):
    ask(messages=[{"type": "http.disconnect"}], content_length="3")
    assert [told[2] for told in recorder.told] == [499]
    assert not recorder.reached


def test_a_client_that_leaves_after_the_answer_is_told_as_answered(tmp_path):
    class Listening(Recorder):
        async def __call__(self, scope, receive, send):
            await super().__call__(scope, receive, send)
            await receive()

    recorder = Listening()
    Client(guarded(recorder, service_of(recorder, tmp_path)))(messages=[
        {"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"},
    ])  # fmt: skip
    assert [told[2] for told in recorder.told] == [200]


def test_an_application_that_fails_is_told_as_500(tmp_path):
    recorder = Recorder(fails=True)
    with pytest.raises(ZeroDivisionError):
        Client(guarded(recorder, service_of(recorder, tmp_path)))()
    assert [told[2] for told in recorder.told] == [500]


def test_a_web_socket_is_closed(recorder, tmp_path):
    sent = []

    async def send(message):
        sent.append(message)

    app = guarded(recorder, service_of(recorder, tmp_path))
    asyncio.run(app({"type": "websocket", "path": "/", "headers": [(b"host", b"localhost")]}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert not recorder.reached


# --- hosts, origins, sites


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/ask", "/v1/models", "/mcp", "/nothing"])
def test_a_foreign_host_is_refused_on_every_path(ask, recorder, path):
    response = ask(path, "GET", host="evil.example")
    assert response.status == 421
    assert not recorder.reached
    shape = json.loads(response.body)
    assert (shape["error"]["code"] if path.startswith("/v1/") else shape["code"]) == "ForeignHost"


def test_a_foreign_origin_is_refused_whatever_the_method(ask, recorder):
    for method in ("GET", "POST", "OPTIONS", "HEAD", "DELETE"):
        assert ask("/", method, origin="http://evil.example").status == 403
    assert ask(origin="http://127.0.0.1:8000").status == 200
    assert len(recorder.reached) == 1


def test_a_request_of_another_site_is_refused_but_for_a_link_to_the_page(ask):
    navigation = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    for site in ("cross-site", "same-site", "else", ["same-origin", "cross-site"]):
        assert ask("/ask", "POST", sec_fetch_site=site).status == 403
        assert ask("/posts/1", "GET", sec_fetch_site=site, **navigation).status == 403
        assert ask("/", "POST", sec_fetch_site=site, **navigation).status == 403
        assert ask("/", "GET", sec_fetch_site=site).status == 403
        assert ask("/", "GET", sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe").status == 403
        assert ask("/", "GET", sec_fetch_site=site, **navigation).status == 200
    for site in ("same-origin", "none"):
        assert ask("/ask", "POST", sec_fetch_site=site).status == 200


# --- keys


def test_without_keys_whatever_a_client_sends_as_one_is_taken(ask):
    assert ask(authorization="Bearer sk-nothing", x_api_key="another").status == 200


@pytest.mark.parametrize("headers", [
    {"authorization": f"Bearer {OWN_KEY}"}, {"authorization": f"bearer  {OWN_KEY}"}, {"x_api_key": OWN_KEY},
    {"authorization": f"Bearer {OWN_KEY}", "x_api_key": OWN_KEY}, {"authorization": "Basic YTpi", "x_api_key": OWN_KEY},
])  # fmt: skip
def test_a_known_key_is_taken_in_either_header(ask_with_key, headers):
    assert ask_with_key(**headers).status == 200


@pytest.mark.parametrize("headers", [
    {}, {"authorization": "Bearer"}, {"authorization": "Bearer "}, {"authorization": f"Basic {OWN_KEY}"},
    {"authorization": OWN_KEY}, {"x_api_key": ""}, {"x_api_key": OWN_KEY.upper()}, {"x_api_key": OWN_KEY[:-1]},
    {"x_api_key": f"{OWN_KEY} "},
    {"authorization": f"Bearer {OWN_KEY}", "x_api_key": "another"}, {"authorization": "Bearer another", "x_api_key": OWN_KEY},
    {"authorization": [f"Bearer {OWN_KEY}", "Bearer another"]}, {"x_api_key": [OWN_KEY, "another"]}, {"x_api_key": "kéy"},
])  # fmt: skip
def test_no_key_an_unknown_one_and_two_that_differ_are_401(ask_with_key, recorder, headers):
    response = ask_with_key(**headers)
    assert (response.status, code_of(response), response.headers["www-authenticate"]) == (401, "KeyNeeded", "Bearer")
    assert OWN_KEY.encode() not in response.body
    assert not recorder.reached


def test_the_page_and_the_checks_of_health_need_no_key(ask_with_key):
    assert {ask_with_key(path, "GET").status for path in ("/", "/page/main.js", "/page/style.css", "/healthz", "/readyz")} == {
        200
    }


@pytest.mark.parametrize("path", [*TRICKS, "/ask", "/search", "/metrics", "/openapi.json", "/v1/models", "/mcp"])
def test_no_way_of_writing_a_path_goes_around_the_key(ask_with_key, recorder, path):
    assert ask_with_key(path, "GET").status == 401
    assert not recorder.reached


def test_the_host_is_checked_before_the_key(ask_with_key):
    assert ask_with_key(host="evil.example", x_api_key=OWN_KEY).status == 421


def test_a_key_that_is_removed_or_made_counts_from_the_next_request_on(recorder, tmp_path):
    file = tmp_path / "api-keys.json"
    first, _ = make(file, "first")
    second, _ = make(file, "second")
    ask = Client(guarded(recorder, service_of(recorder, tmp_path)))
    assert (ask(x_api_key=first).status, ask(x_api_key=second).status) == (200, 200)
    remove(file, "first")
    assert (ask(x_api_key=first).status, ask(x_api_key=second).status) == (401, 200)
    third, _ = make(file, "third")
    assert ask(x_api_key=third).status == 200


def test_a_server_that_needed_a_key_never_opens_up(recorder, tmp_path, capsys):
    file = tmp_path / "api-keys.json"
    secret, _ = make(file, "only")
    ask = Client(guarded(recorder, service_of(recorder, tmp_path)))
    whole = file.read_text()
    for content in (None, "", "{", '{"keys": []}', '{"keys": [{"name": "x"}]}', "[]", "[" * 100_000):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_text(content)
        assert (ask().status, ask(x_api_key=secret).status) == (401, 401), content
    file.write_text(whole)
    assert ask(x_api_key=secret).status == 200


def test_a_file_of_keys_that_was_not_read_to_its_end_was_not_seen(recorder, tmp_path, monkeypatch):
    file = tmp_path / "api-keys.json"
    secret, _ = make(file, "only")
    ask = Client(guarded(recorder, service_of(recorder, tmp_path)))
    remove(file, "only")

    def fails(path):
        raise MemoryError

    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr("assistant.api.guarding.keys.read", fails)
        ask(x_api_key=secret)
    assert ask(x_api_key=secret).status == 401


def test_the_first_key_that_is_made_closes_a_server_that_runs(ask, tmp_path):
    assert ask().status == 200
    secret, _ = make(tmp_path / "api-keys.json", "first")
    assert (ask().status, ask(x_api_key=secret).status) == (401, 200)


# --- bodies


LEAVES = {"type": "http.disconnect"}


def part(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_arrives_whole_in_one_piece(ask):
    response = ask(messages=[part(b"ab"), part(b"cd"), part(b"", False)], transfer_encoding="chunked")
    assert response.body == b"abcd..."


def test_a_body_that_says_it_is_too_long_is_refused_unread(ask, recorder):
    response = ask(messages=[part(b"x", False)], content_length=str(MOST_BYTES + 1))
    assert (response.status, code_of(response), response.headers["connection"]) == (413, "BodyTooLarge", "close")
    assert not recorder.reached


def test_a_body_that_becomes_too_long_is_refused(ask, recorder):
    kilobytes = [part(b"x" * 1024)] * 1025
    response = ask(messages=[*kilobytes, LEAVES], transfer_encoding="chunked")
    assert (response.status, response.headers["connection"]) == (413, "close")
    assert not recorder.reached
    assert ask(messages=[*kilobytes[:1023], part(b"x" * 1024, False)], transfer_encoding="chunked").status == 200


@pytest.mark.parametrize("said", ["-1", "1e3", "", "٣"])
def test_a_length_that_is_no_number_is_counted(ask, said):
    body = [part(b"x" * MOST_BYTES), part(b"x"), LEAVES]
    assert ask(messages=body, content_length=said.encode().decode("latin-1")).status == 413


def test_a_body_that_comes_too_slowly_is_408_and_the_connection_ends(recorder):
    ask = Client(Identified(Bounded(recorder, most_seconds=0.2)))
    response = ask(messages=[part(b"a"), 0.12, part(b"b"), 0.12, part(b"c", False)], content_length="3")
    assert (response.status, code_of(response), response.headers["connection"]) == (408, "BodyTooSlow", "close")
    assert "only 2 bytes" in json.loads(response.body)["detail"]
    assert not recorder.reached


def test_the_answer_may_take_longer_than_the_body(tmp_path):
    class Slow(Recorder):
        async def __call__(self, scope, receive, send):
            await asyncio.sleep(0.2)
            await super().__call__(scope, receive, send)

    assert (
        Client(Identified(Bounded(Slow(), most_seconds=0.05)))(messages=[part(b"a", False)], content_length="1").status == 200
    )


def test_a_request_that_the_server_cancels_is_told_so_where_nothing_was_sent(tmp_path):
    async def cancelled(scope, receive, send):
        raise asyncio.CancelledError

    observer = Recorder()
    for path, said in (("/ask", "code"), ("/v1/chat/completions", "error")):
        response = Client(guarded(cancelled, service_of(observer, tmp_path)))(path=path)
        assert (response.status, response.headers["connection"], response.headers["retry-after"]) == (503, "close", "5")
        assert said in json.loads(response.body) and "default-src 'none'" in response.headers["content-security-policy"]


def test_a_request_that_the_server_cancels_in_the_middle_of_its_answer_stays_cancelled(tmp_path):
    async def cancelled(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        Client(guarded(cancelled, service_of(Recorder(), tmp_path)))()
