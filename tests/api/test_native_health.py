"""What watches the server is told the truth: it runs, it is ready, what it has done."""

from __future__ import annotations

from contextlib import closing

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from assistant.api.app import create_app
from assistant.api.schemas import Health, Problem, Readiness
from assistant.api.service import Service
from assistant.pipeline import Assistant
from assistant.settings import Settings


def test_a_server_that_runs_says_so(client, server):
    Health.model_validate(client.get("/healthz").json(), extra="forbid")
    told = Readiness.model_validate(client.get("/readyz").json(), extra="forbid")
    assert told.generation == server.service.assistant.generation.name


def test_a_server_that_is_about_to_stop_is_not_ready_but_runs(service, app, serve_app):
    url = serve_app(app)
    service.draining = True
    response = httpx2.get(f"{url}/readyz")
    assert response.status_code == 503
    assert Problem.model_validate(response.json(), extra="forbid").code == "NotReady"
    assert response.json()["ready"] is False
    assert httpx2.get(f"{url}/healthz").status_code == 200


def test_a_server_whose_index_is_gone_is_not_ready_and_names_no_folder(small, jsonl, keyless, serve_app):
    small.build(jsonl("posts.jsonl", {"id": "1", "body": "A body."}))
    settings = Settings(index=small.folder.path, api_keys=keyless)
    with closing(Service(settings, Assistant(settings, small.embedder))) as service:
        url = serve_app(create_app(service))
        (small.folder.path / "CURRENT").unlink()
        response = httpx2.get(f"{url}/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "NotReady")
        assert str(small.folder.path.parent) not in response.text
        assert httpx2.get(f"{url}/healthz").status_code == 200
        assert httpx2.post(f"{url}/ask", json={"question": "a"}).status_code == 503


def test_metrics_are_prometheus_text(client):
    client.post("/ask", json={"question": ""})
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert list(text_string_to_metric_families(response.text))
