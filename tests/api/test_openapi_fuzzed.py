"""Requests made from the OpenAPI document, right and wrong ones: the server never fails, and answers as it says it does."""

from __future__ import annotations

from contextlib import closing

import hypothesis
import pytest
import requests
import schemathesis
from live_server import listening, running
from schemathesis import GenerationMode, checks

from assistant.api.app import create_app
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder

EXAMPLES = 10
HOW = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
CHECKS = [
    checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance, checks.response_headers_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def quick_server(make_service, hashing, sample_posts, tmp_path_factory):
    """A server whose embedder costs nothing, so that many questions can be asked."""
    folder = tmp_path_factory.mktemp("quick") / "index"
    build(IndexFolder(folder), hashing(), [str(sample_posts)])
    listener, url = listening()
    quick = make_service(embedder=hashing(), index=folder)
    with listener, closing(quick), running(create_app(quick), listener):
        yield url


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def cases(url, mode, session, accept="application/json"):
    """Sends requests of all operations (wrong ones of those that take a body), and says how many."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")
    asked = 0

    def answered(case):
        nonlocal asked
        asked += 1
        case.call_and_validate(session=session, checks=CHECKS, headers={"accept": accept})

    for found in document.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.POSITIVE or operation.body:
            HOW(hypothesis.given(operation.as_strategy(generation_mode=mode))(answered))()
    return asked


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_right_requests_are_answered_as_the_document_says(quick_server, session, accept):
    assert cases(quick_server, GenerationMode.POSITIVE, session, accept) > 4 * EXAMPLES


def test_wrong_requests_are_refused_as_the_document_says(quick_server, session):
    assert cases(quick_server, GenerationMode.NEGATIVE, session) >= 3 * EXAMPLES
