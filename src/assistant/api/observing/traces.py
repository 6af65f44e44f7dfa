"""Traces over OpenTelemetry, where the setting `traces` names a collector; nothing is loaded or connected where it does not.

The span of a request is FastAPI's; below it stands `answer` with its stages, laid down from the answer's own times. Attributes
are counts, names and statuses; nothing that a client or a post wrote is in them. What else there is to set (service name,
sampling, headers, certificates) the SDK reads from the OTEL_* variables itself.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, Span, TracerProvider
from starlette.types import Scope

from assistant import __version__
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.types import Answer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "forum-assistant"
EXPORT_SECONDS = 5
"""How long one batch may take: a collector that is down costs a thread that waits, never an answer."""
CLOSE_SECONDS = 2.0
ASKED_OFTEN = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that a machine asks every few seconds: they are not traced, and their successes are not worth a line in the log."""
FROM_CLIENTS = ("url.path", "url.query", "http.request.method_original")
"""Attributes of FastAPI's span that hold what a client wrote; the template of the path is in `http.route`."""
WITHHELD = "REDACTED"
Attributes = Mapping[str, str | int | float]


class Tracing:
    """Where the spans of a server go: to the collector of the settings, to `exporter`, or nowhere. `close` when done."""

    def __init__(self, settings: Settings, exporter: SpanExporter | None = None) -> None:
        self.on = bool(settings.traces or exporter)
        self._close: Callable[[], None] | None = None
        provider: TracerProvider = NoOpTracerProvider()
        if self.on:
            provider, self._close = _provider(settings.traces, exporter)
        self._tracer = provider.get_tracer("assistant", __version__)
        self.config: TelemetryConfig = {
            "tracing": self.on, "tracer_provider": provider, "metrics": False, "logs": False, "operation_spans": False,
            "auto_configure": False, "exclude": _untraced,
        }  # fmt: skip

    def answered(self, surface: str, answer: Answer) -> None:
        """Lay down the spans of an answer that has just ended, below the span that is current."""
        if not self.on:
            return
        ended = time.time_ns()
        timings = answer.timings_ms
        started = ended - _nanoseconds(timings.total)
        span = self._tracer.start_span("answer", start_time=started, attributes=_attributes(surface, answer))
        stages = (
            ("rewrite", 0.0, timings.rewrite),
            ("retrieve", timings.rewrite, timings.retrieve),
            ("generate", timings.retrieve, timings.total),
        )
        for name, begin, end in stages:
            stage = self._child(span, name, started + _nanoseconds(begin))
            if name == "generate":
                stage.add_event("first_token", timestamp=started + _nanoseconds(timings.first_token))
            stage.end(started + _nanoseconds(end))
        span.end(ended)

    def _child(self, parent: Span, name: str, started: int) -> Span:
        return self._tracer.start_span(name, trace.set_span_in_context(parent), start_time=started)

    def failed(self, surface: str, error: AssistantError) -> None:
        """Note an error on the span that is current, by its class."""
        if self.on:
            trace.get_current_span().set_attributes({"assistant.surface": surface, "assistant.error": type(error).__name__})

    def close(self) -> None:
        """Send what is left, for two seconds at most: a collector that is down must not keep the process from its end."""
        if self._close is None:
            return
        closing = threading.Thread(target=self._close, name="traces-closing", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        self._close = None


def trace_id() -> str | None:
    """Of the span that is current, as 32 hexadecimal digits; None where there is none."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def _provider(collector: str | None, exporter: SpanExporter | None) -> tuple[TracerProvider, Callable[[], None]]:
    """A provider of the SDK that sends in the background, and what ends it."""
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import Span as Recorded
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace import TracerProvider as Provider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class Withholding(SpanProcessor):
        """Takes a client's words out of a span as soon as it starts."""

        def on_start(self, span: Recorded, parent_context: Context | None = None) -> None:
            for name in FROM_CLIENTS:
                if name in (span.attributes or {}):
                    span.set_attribute(name, WITHHELD)

    if exporter is None:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=collector, timeout=EXPORT_SECONDS)
    named = Resource.create({SERVICE_NAME: SERVICE, SERVICE_VERSION: __version__}).merge(OTELResourceDetector().detect())
    provider = Provider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(Withholding())
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider, provider.shutdown


def _untraced(scope: Scope) -> bool:
    return scope.get("path") in ASKED_OFTEN


def _attributes(surface: str, answer: Answer) -> Attributes:
    reply, usage = answer.reply, answer.reply.usage
    verdicts = Counter(citation.verdict.value for citation in reply.citations)
    attributes: dict[str, str | int | float] = {
        "assistant.surface": surface, "assistant.status": reply.status.value, "assistant.confidence": reply.confidence,
        "assistant.generation": answer.provenance.generation, "assistant.generator": answer.generator,
        "assistant.citations": len(reply.citations),
    }  # fmt: skip
    attributes |= {f"assistant.citations.{verdict}": count for verdict, count in verdicts.items()}
    if reply.refusal:
        attributes["assistant.refusal"] = reply.refusal.value
    if reply.cut_off:
        attributes["assistant.cut_off"] = reply.cut_off.http_status
    if usage:
        attributes |= {"gen_ai.usage.input_tokens": usage.prompt_tokens, "gen_ai.usage.output_tokens": usage.completion_tokens}
    return attributes


def _nanoseconds(milliseconds: float) -> int:
    return int(milliseconds * 1_000_000)
