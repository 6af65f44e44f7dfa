"""The API over the sample forum: in this process, and under a real server on loopback."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass

import httpx2
import pytest
from browsing import chromium, visiting
from live_server import listening, running

from assistant.api.app import create_app
from assistant.api.service import Service
from assistant.pipeline import Assistant
from assistant.settings import Settings


@dataclass(frozen=True)
class Served:
    """A server that runs: its address, and the service behind it."""

    url: str
    service: Service


@pytest.fixture(scope="session")
def keyless(tmp_path_factory):
    """A file of keys that is not there: a server that reads it needs no key, whoever runs the tests."""
    return tmp_path_factory.mktemp("keys") / "api-keys.json"


@pytest.fixture(scope="session")
def make_service(sample_index, embedder, keyless):
    """Makes a service over the sample forum (`index` names another) with settings of a test's own, or a scripted model.
    Who asks for one closes it."""

    def make(model=None, embedder=embedder, **changes):
        named = {"generator": model.name} if model else {}
        settings = Settings(**{"index": sample_index, "api_keys": keyless, "drain_seconds": 1, **named, **changes})
        return Service(settings, Assistant(settings, embedder, model))

    return make


@pytest.fixture
def service(make_service):
    """A service over the sample forum that quotes."""
    with closing(make_service()) as service:
        yield service


@pytest.fixture
def app(service):
    """All that is served, over that service."""
    return create_app(service)


@pytest.fixture(scope="session")
def server(make_service):
    """One server over the sample forum that quotes, for all tests that change nothing about it."""
    listener, url = listening()
    with listener, closing(make_service()) as service, running(create_app(service), listener):
        yield Served(url, service)


@pytest.fixture
def client(server):
    """A client of that server."""
    with httpx2.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def serve_app():
    """Runs an app under a server of its own until the test ends; its address. A service behind it is closed by its maker."""
    with ExitStack() as servers:

        def serve(app):
            listener, url = listening()
            servers.enter_context(listener)
            servers.enter_context(running(app, listener))
            return url

        yield serve


@pytest.fixture
def serve_with(make_service):
    """Runs another server over the sample forum, with other settings or a scripted model, until the test ends; its address."""
    with ExitStack() as servers:

        def serve(changes=None, model=None):
            listener, url = listening()
            servers.enter_context(listener)
            service = servers.enter_context(closing(make_service(model, **(changes or {}))))
            servers.enter_context(running(create_app(service), listener))
            return url

        yield serve


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, for the tests of a module."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser, server):
    """Opens the page, of the session's server if no other is named."""
    with visiting(browser, server.url) as open_page:
        yield open_page
