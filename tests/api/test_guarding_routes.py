"""The guards before all that is served, over real connections."""

from __future__ import annotations

import http.client
import re
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
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
    "evil.example:8000", "foo@127.0.0.1", "127.0.0.1/x", "127.0.0.1?", "localhost:80:80", "localhost.",
])  # fmt: skip
def test_a_host_that_is_not_the_servers_is_refused(server, host):
    assert asked(server.url, "GET", "/healthz", host)[0] in (400, 421)


def test_a_foreign_host_is_refused_on_every_route(server, operations):
    for method, path in operations:
        status, headers = asked(server.url, method, path, "evil.example")
        assert (path, status) == (path, 421)
        assert "content-security-policy" in headers and headers["x-request-id"]


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


def test_every_request_to_a_route_is_counted_by_its_template_and_all_others_as_one(serve_with, operations):
    url = serve_with()
    for method, path in operations:
        asked(url, method, path, "localhost")
    asked(url, "DELETE", "/mcp", "localhost")
    counts = {}
    for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics", trust_env=False).text):
        for sample in family.samples:
            if sample.name == "assistant_requests_total":
                path = re.sub(r"\{(\w+)(?::path)?\}", r"\1", sample.labels["route"])
                counts.setdefault(path, []).append((sample.labels["method"], sample.labels["status"], sample.value))
    assert counts.pop("unknown") == [("GET", "404", 2)]
    assert counts.keys() == {path for _, path in operations} - {"/nothing", "/v1/nothing"}
    assert {("GET", "405", 1), ("DELETE", "405", 1)} <= set(counts["/mcp"])


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
        with closing(make_service(**changes)) as service, pytest.raises(SettingsError):
            create_app(service)
