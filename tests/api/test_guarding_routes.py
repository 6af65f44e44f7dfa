"""The guards before all that is served, over real connections."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from scripted_model import Scripted

from assistant.api.app import create_app
from assistant.api.guarding.keys import make

QUESTION = "Which stage refuses the mount point with TKMountErrorDomain Code=37?"
OTHERS = ["/", "/page/main.js", "/nothing", "/v1/nothing", "/mcp"]


def asked(url, method, path, host, **headers):
    """Status and headers of a request whose target and Host are sent as they are said."""
    connection = http.client.HTTPConnection(url.rpartition("/")[2], timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": host, **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


@pytest.fixture(scope="module")
def operations(server):
    """Every method and path that the server says it has, and those that it does not list."""
    paths = httpx2.get(f"{server.url}/openapi.json", trust_env=False).json()["paths"]
    listed = [(method.upper(), path.replace("{", "").replace("}", "")) for path, methods in paths.items() for method in methods]
    assert {"/ask", "/search", "/healthz", "/readyz", "/metrics", "/v1/models", "/v1/chat/completions"} <= {
        p for _, p in listed
    }
    return [*listed, *(("GET", path) for path in [*OTHERS, "/openapi.json"]), ("POST", "/mcp"), ("OPTIONS", "/ask")]


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:8000", "foo@127.0.0.1", "127.0.0.1/x", "127.0.0.1?", "localhost:80:80", "localhost.",
])  # fmt: skip
def test_a_host_that_is_not_the_servers_is_refused_on_every_route(server, operations, host):
    answers = {(method, path): asked(server.url, method, path, host) for method, path in operations}
    assert {operation: status for operation, (status, _) in answers.items() if status not in (400, 421)} == {}
    if host == "evil.example":
        assert {status for status, _ in answers.values()} == {421}
        assert all("content-security-policy" in headers and headers["x-request-id"] for _, headers in answers.values())


def test_no_route_answers_the_page_of_another_site_or_lets_one_read(server, operations):
    for method, path in operations:
        status, headers = asked(server.url, method, path, "localhost", origin="http://evil.example")
        assert (path, status) == (path, 403)
        assert not [name for name in headers if name.startswith("access-control-")]


def test_every_route_but_the_page_and_the_checks_of_health_needs_the_key(serve_with, operations, tmp_path):
    secret, _ = make(tmp_path / "keys.json", "one")
    url = serve_with({"api_keys": tmp_path / "keys.json"})
    free = {"/", "/page/main.js", "/healthz", "/readyz"}
    assert {path for method, path in operations if asked(url, method, path, "localhost")[0] != 401} == free
    for path in ("//openapi.json", "/%2e/openapi.json", "/healthz/../openapi.json", "/healthz%2f..%2fopenapi.json",
                 "/Openapi.json", "/page/../openapi.json", "/page/..%2fopenapi.json", "/%6fpenapi.json"):  # fmt: skip
        assert asked(url, "GET", path, "localhost")[0] == 401
    for headers in ({"x_api_key": secret}, {"authorization": f"Bearer {secret}"}):
        assert asked(url, "GET", "/openapi.json", "localhost", **headers)[0] == 200
    assert asked(url, "GET", "/nothing", "localhost", x_api_key=secret)[0] == 404


def test_the_observer_is_told_the_template_of_a_route(server, client):
    client.get("/posts/there-is-no-such-post")
    assert 'route="/posts/{' in client.get("/metrics").text


@pytest.fixture
def trap(serving):
    """A server that notes whether anybody connects to it."""

    class Noting(BaseHTTPRequestHandler):
        def setup(self):
            trap.touched.set()
            super().setup()

    trap = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    trap.touched = threading.Event()
    return serving(trap)


def test_no_request_says_which_model_server_is_asked(serve_with, trap):
    model = Scripted(["It is refused."])
    url = serve_with({"retries": 0}, model)
    address = f"http://127.0.0.1:{trap.server_port}/v1"
    smuggled = {"base_url": address, "api_base": address, "baseUrl": address, "openai_api_key": "sk-x", "endpoint": address}
    with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
        for name, value in smuggled.items():
            assert client.post("/ask", json={"question": QUESTION, name: value}).status_code == 422
            assert client.post("/search", json={"query": QUESTION, name: value}).status_code == 422
            assert client.post("/ask", params={name: value}, json={"question": QUESTION}).status_code in (200, 422)
        named = client.get("/v1/models").json()["data"][0]["id"]
        chat = {"model": named, "messages": [{"role": "user", "content": QUESTION}]}
        answer = client.post("/v1/chat/completions", json={**chat, **smuggled}, headers={"x-base-url": address})
        assert answer.status_code == 200 and answer.json()["choices"][0]["message"]["content"]
    assert model.asked and not trap.touched.is_set()


def test_a_body_over_the_limit_is_refused_below_v1_in_its_shape_and_the_answer_arrives(client):
    body = b" " * (3 << 20)
    headers = {"content-type": "application/json"}
    assert client.post("/ask", content=body, headers=headers).json()["code"] == "BodyTooLarge"
    refused = client.post("/v1/chat/completions", content=iter([body]), headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "BodyTooLarge")


def test_what_cannot_be_used_is_said_when_the_server_is_put_together(make_service, tmp_path):
    from assistant.errors import SettingsError

    (tmp_path / "keys.json").write_text("{")
    for changes in ({"api_keys": tmp_path / "keys.json"}, {"allowed_hosts": ("*",)}):
        service = make_service(**changes)
        with pytest.raises(SettingsError):
            create_app(service)
        service.close()
