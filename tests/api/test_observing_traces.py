"""Traces: the spans of requests and answers at a real collector on loopback, and none of it where no collector is named."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from concurrent import futures
from contextlib import closing

import grpc
import httpx2
import pytest
from live_server import listening, running
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from scripted_model import Scripted

from assistant.api.app import create_app
from assistant.api.observing.observer import Observer
from assistant.api.service import Asked, Service
from assistant.errors import UsageError
from assistant.pipeline import Assistant
from assistant.settings import Settings

ANSWERED = "Why is the preview of my external camera rotated by 90 degrees?"
MARKER = "narwhalmarker"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps the spans that it is sent, as JSON would show them."""

    def __init__(self):
        self.spans, self.resources = [], []

    def Export(self, request, context):
        for resource in request.resource_spans:
            self.resources.append({one.key: one.value.string_value for one in resource.resource.attributes})
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture(scope="module")
def collector():
    """A collector that runs on loopback: itself and its address."""
    server, collector = grpc.server(futures.ThreadPoolExecutor(max_workers=2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collector, f"http://127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def traced(sample_index, embedder, keyless):
    """A service over the sample forum whose spans are kept, and what gives them: closing the service flushes them."""
    made = []

    def make(model=None, **changes):
        exporter = InMemorySpanExporter()
        named = {"generator": model.name} if model else {}
        settings = Settings(index=sample_index, api_keys=keyless, **named, **changes)
        service = Service(settings, Assistant(settings, embedder, model), Observer(settings, exporter))
        made.append(service)

        def spans():
            service.close()
            return {span.name: span for span in exporter.get_finished_spans()}

        return service, spans

    yield make
    for service in made:
        service.close()


def test_an_answer_is_a_span_with_its_stages_below_it_at_the_answers_own_times(traced):
    service, spans = traced()
    answer = asyncio.run(service.answer(Asked(ANSWERED, surface="mcp")))
    seen = spans()
    whole = seen["answer"]
    assert set(seen) == {"answer", "rewrite", "retrieve", "generate"}
    for name in ("rewrite", "retrieve", "generate"):
        assert seen[name].parent.span_id == whole.context.span_id
    assert whole.start_time == seen["rewrite"].start_time
    assert seen["rewrite"].end_time == seen["retrieve"].start_time
    assert seen["retrieve"].end_time == seen["generate"].start_time
    assert (whole.end_time - whole.start_time) / 1e6 == pytest.approx(answer.timings_ms.total, abs=0.01)
    assert [event.name for event in seen["generate"].events] == ["first_token"]
    attributes = dict(whole.attributes)
    assert attributes == attributes | {
        "assistant.surface": "mcp", "assistant.status": "grounded", "assistant.generator": "extractive",
        "assistant.generation": answer.provenance.generation, "assistant.citations": len(answer.reply.citations),
        "assistant.citations.verified": len(answer.reply.citations),
    }  # fmt: skip


def test_tokens_refusals_and_broken_off_answers_are_attributes_and_text_is_none(traced):
    service, spans = traced(Scripted([f"It is {MARKER} [1]."]))
    asyncio.run(service.answer(Asked(ANSWERED)))
    seen = spans()
    assert seen["answer"].attributes["gen_ai.usage.input_tokens"] == 100
    assert seen["answer"].attributes["gen_ai.usage.output_tokens"] == 20
    assert MARKER not in "".join(span.to_json() for span in seen.values())


def test_a_request_and_its_answer_are_one_trace_and_hold_no_word_of_the_client(traced):
    service, spans = traced()
    listener, url = listening()
    with running(create_app(service), listener):
        headers = {"host": url.removeprefix("http://"), "traceparent": PARENT}
        answer = httpx2.post(
            f"{url}/ask?q={MARKER}", json={"question": f"{ANSWERED} {MARKER}"}, headers=headers, trust_env=False
        )
        httpx2.get(f"{url}/posts/{MARKER}", trust_env=False)
        httpx2.get(f"{url}/healthz", trust_env=False)
    seen = spans()
    assert answer.status_code == 200
    assert seen["answer"].parent.span_id == seen["POST /ask"].context.span_id
    assert seen["answer"].context.trace_id == seen["POST /ask"].context.trace_id == int(PARENT.split("-")[1], 16)
    assert seen["POST /ask"].attributes["http.route"] == "/ask"
    assert seen["POST /ask"].attributes["url.query"] == "REDACTED"
    assert not any("healthz" in name for name in seen)
    assert MARKER not in "".join(span.to_json() for span in seen.values())


def test_the_class_of_an_error_is_noted_on_the_span_that_is_current(traced):
    service, spans = traced()
    tracer = service.observer.telemetry["tracer_provider"].get_tracer("test")
    with tracer.start_as_current_span("request"):
        service.observer.failed("search", UsageError(MARKER, hint=MARKER))
    (span,) = spans().values()
    assert dict(span.attributes) == {"assistant.surface": "search", "assistant.error": "UsageError"}


def test_a_collector_receives_the_spans_and_the_name_of_the_service(collector, make_service, monkeypatch):
    received, address = collector
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    with closing(make_service(traces=address)) as service:
        asyncio.run(service.answer(Asked(ANSWERED)))
    assert {"answer", "rewrite", "retrieve", "generate"} <= {span.name for span in received.spans}
    assert received.resources[0]["service.name"] == "forum-assistant"
    assert received.resources[0]["deployment.environment"] == "test"


def test_the_variables_of_opentelemetry_name_the_service_and_sample(collector, make_service, monkeypatch):
    received, address = collector
    before = len(received.resources)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "forum-of-the-team")
    with closing(make_service(traces=address)) as service:
        asyncio.run(service.answer(Asked(ANSWERED)))
    assert [resource["service.name"] for resource in received.resources[before:]] == ["forum-of-the-team"]
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    before = len(received.resources)
    with closing(make_service(traces=address)) as service:
        asyncio.run(service.answer(Asked(ANSWERED)))
    assert len(received.resources) == before


@pytest.mark.alone
def test_a_collector_that_is_down_slows_no_answer_and_is_left_within_three_seconds(make_service, closed_port):
    with closing(make_service(traces=f"http://127.0.0.1:{closed_port}")) as service:
        answer = asyncio.run(service.answer(Asked(ANSWERED)))
        rounds = 200
        started = time.perf_counter()
        for _ in range(rounds):
            service.observer.answered("ask", answer)
        assert (time.perf_counter() - started) / rounds < 0.005
        started = time.monotonic()
    assert time.monotonic() - started < 3


@pytest.mark.alone
def test_a_process_whose_collector_is_down_ends_in_time(closed_port):
    code = (
        "import sys; from assistant.settings import Settings; from assistant.api.observing.observer import Observer\n"
        "observer = Observer(Settings(traces=sys.argv[1]))\n"
        "tracer = observer.telemetry['tracer_provider'].get_tracer('test')\n"
        "for _ in range(600): tracer.start_span('one').end()\n"
        "import time; print(time.monotonic(), flush=True); observer.close()\n"
    )
    address = f"http://127.0.0.1:{closed_port}"
    done = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, check=True, timeout=60)
    assert time.monotonic() - float(done.stdout) < 5


def test_without_a_collector_nothing_is_loaded_nothing_is_connected_and_fastapi_traces_nothing():
    code = (
        "import sys; from assistant.settings import Settings; from assistant.api.observing.observer import Observer\n"
        "from fastapi import FastAPI\n"
        "observer = Observer(Settings()); app = FastAPI(telemetry=observer.telemetry)\n"
        "print([name for name in sys.modules if name.startswith(('grpc', 'opentelemetry.sdk', 'opentelemetry.exporter'))])\n"
        "print(app._native_telemetry.enabled())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["[]", "False"]
