"""What is seen of the server from outside: one object that everything is told to, and that says it as metrics, log and traces.

Nothing that it is told raises, waits or connects: an answer is not slower for being watched.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi.telemetry import TelemetryConfig

from assistant import __version__
from assistant.api.observing.logs import logger
from assistant.api.observing.metrics import HTTP, InForceNow, Metrics, known_method, stage_seconds
from assistant.api.observing.traces import ASKED_OFTEN, Tracing, trace_id
from assistant.errors import AssistantError, IndexUnusable, NotReady, Overloaded, TookTooLong
from assistant.indexing.generation import Generation
from assistant.settings import Settings
from assistant.types import SERVER_FAILED, Answer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

TELLING = (IndexUnusable, NotReady, Overloaded, TookTooLong)
"""Errors whose message is about us alone. Others may repeat what was asked for, or what a model server said of a prompt."""


class Observer:
    """Hears of answers, failures and requests. `exporter` takes spans instead of the settings' collector. `close` when done."""

    def __init__(self, settings: Settings, exporter: SpanExporter | None = None) -> None:
        self._settings = settings
        self._log = logger()
        self._metrics = Metrics(settings.generator)
        self._tracing = Tracing(settings, exporter)
        self._generation: str | None = None
        self._changing = threading.Lock()

    @property
    def telemetry(self) -> TelemetryConfig:
        """What FastAPI is to make of requests: spans where traces go somewhere, nothing else."""
        return self._tracing.config

    def watch(self, busy: Callable[[], int], generation: Callable[[], Generation]) -> None:
        """Look at these when the metrics are asked for: places taken, the generation in force (may raise AssistantError).
        Called once."""
        self._metrics.watch(busy, InForceNow(generation, self._seen))

    def exposition(self) -> tuple[bytes, str]:
        """The metrics in Prometheus' text format, and its content type. May open a newer generation: call it in a thread."""
        return self._metrics.exposition()

    @contextmanager
    def request(self, request_id: str) -> Iterator[None]:
        """Every line of the block carries this id, a short word. What the block raises is a fault of ours, and raised on."""
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                yield
            except Exception as error:
                self.crashed(HTTP, error)
                raise

    def answered(self, surface: str, answer: Answer) -> None:
        """An answer was given at `surface`."""
        self._seen(answer.provenance.generation)
        self._metrics.answered(surface, answer)
        self._tracing.answered(surface, answer)
        reply, usage = answer.reply, answer.reply.usage
        told: dict[str, object] = {"question": answer.question} if self._settings.log_questions else {}
        if reply.refusal:
            told["refusal"] = reply.refusal.value
        if reply.cut_off:
            told["cut_off"] = reply.cut_off.http_status
        if usage:
            told |= {"tokens_read": usage.prompt_tokens, "tokens_written": usage.completion_tokens}
        self._log.info(
            "answered", surface=surface, status=reply.status.value, confidence=round(reply.confidence, 3),
            citations=Counter(citation.verdict.value for citation in reply.citations), left_out=reply.left_out,
            generation=answer.provenance.generation, generator=answer.generator,
            ms={stage: round(1000 * seconds, 1) for stage, seconds in stage_seconds(answer.timings_ms).items()},
            **told, **self._traced(),
        )  # fmt: skip

    def failed(self, surface: str, error: AssistantError) -> None:
        """A question or a search ended in an error."""
        self._metrics.failed(surface, error)
        self._tracing.failed(surface, error)
        ours = error.http_status >= SERVER_FAILED
        told = {"message": error.message} if isinstance(error, TELLING) else {}
        level = "warning" if isinstance(error, (NotReady, Overloaded)) else "error" if ours else "info"
        emit = getattr(self._log, level)
        emit("failed", surface=surface, error=type(error).__name__, status=error.http_status, **told, **self._traced())

    def crashed(self, surface: str, error: Exception) -> None:
        """A fault of ours was met at `surface`: a line with its lines of code, and one more failure."""
        self._metrics.crashed(surface)
        self._log.error("crashed", surface=surface, exc_info=error, **self._traced())

    def requested(self, method: str, route: str, status: int, seconds: float, request_id: str) -> None:
        """A request was answered; `route` is the template of its path, empty where it has none."""
        self._metrics.requested(method, route, status, seconds)
        if route in ASKED_OFTEN and status < 400:
            return
        with self.request(request_id):
            self._log.info(
                "request", method=known_method(method), route=route or None, status=status, ms=round(1000 * seconds, 1)
            )

    def started(self, address: str) -> None:
        """The server listens at `address`."""
        self._log.info("started", address=address, version=__version__, generator=self._settings.generator)

    def draining(self, busy: int) -> None:
        """The server is to stop, and `busy` questions and lookups are still worked on."""
        self._log.info("draining", busy=busy, seconds=self._settings.drain_seconds)

    def stopped(self, cut_off: int = 0) -> None:
        """The server has stopped; `cut_off` questions and lookups were given up for it."""
        self._log.info("stopped", cut_off=cut_off)

    def close(self) -> None:
        """Send off what is left of the traces, for two seconds at most."""
        self._tracing.close()

    def _seen(self, generation: str) -> None:
        """Note which generation is in force, with a line when it is another than before."""
        with self._changing:
            before, self._generation = self._generation, generation
        if before != generation:
            self._log.info("generation", generation=generation, before=before)

    def _traced(self) -> dict[str, str]:
        found = trace_id() if self._tracing.on else None
        return {"trace_id": found} if found else {}
