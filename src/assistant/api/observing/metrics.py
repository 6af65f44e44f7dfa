"""Counts and times of a server for Prometheus, in a registry of its own.

Every label has few values, all of them ours: none is a client's words. What has not happened yet stands at 0 where its
labels are known beforehand, so that a rate has a beginning. What is true of the moment is looked up when it is scraped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from assistant import __version__
from assistant.errors import AssistantError, Fault, Overloaded
from assistant.indexing.generation import Generation
from assistant.types import Answer, Refusal, Timings, Verdict

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds: from a post that is looked up to a whole answer of a slow model."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
UNKNOWN_ROUTE = "unknown"
HTTP = "http"
"""The surface of faults that came out of a route: which one, the line of the request says."""
FAULTS_AT = (HTTP, "mcp")
STAGES = ("rewrite", "retrieve", "first_token", "total")


def stage_seconds(timings: Timings) -> dict[str, float]:
    """Seconds that rewriting and retrieving took, and those from the question's arrival to the first word and to the end."""
    return {
        "rewrite": timings.rewrite / 1000,
        "retrieve": max(0.0, timings.retrieve - timings.rewrite) / 1000,
        "first_token": timings.first_token / 1000,
        "total": timings.total / 1000,
    }


def known_method(method: str) -> str:
    """The method, or `other` for one that no route has: a client may send any word for it."""
    return method if method in METHODS else OTHER


class Registry(CollectorRegistry):
    """Without the times at which counts began: they would double the number of series, and are the process' start anyway."""

    def collect(self) -> Iterable[Metric]:
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class InForceNow(Collector):
    """The generation in force, looked up at each scrape: a newer one is seen without a question being asked.

    Its age counts from when its manifest was written: a copy that does not keep times is as young as the copying.
    """

    def __init__(self, generation: Callable[[], Generation], seen: Callable[[str], None]) -> None:
        self._generation = generation
        self._seen = seen

    def describe(self) -> Iterable[Metric]:
        """What `collect` gives, without opening an index to say so."""
        return _of_index(usable=False) + _of_generation(None)

    def collect(self) -> Iterable[Metric]:
        try:
            generation = self._generation()
        except AssistantError:
            return _of_index(usable=False)
        self._seen(generation.name)
        return _of_index(usable=True) + _of_generation(generation)


def _of_index(*, usable: bool) -> list[Metric]:
    return [GaugeMetricFamily("assistant_index_usable", "1 if there is an index that can be asked, else 0.", float(usable))]


def _of_generation(generation: Generation | None) -> list[Metric]:
    families = {
        name: GaugeMetricFamily(f"assistant_generation_{name}", said)
        for name, said in (
            ("age_seconds", "Seconds since the generation in force was finished."),
            ("posts", "Posts in the generation in force."),
            ("threads", "Threads in the generation in force."),
            ("chunks", "Chunks in the generation in force."),
        )
    }
    info = GaugeMetricFamily("assistant_generation_info", "1, labelled with the generation in force.", labels=["generation"])
    if generation is not None:
        manifest = generation.manifest
        info.add_metric([generation.name], 1.0)
        # A build may have replaced and removed it since it was looked up; the next scrape sees the newer one.
        with suppress(FileNotFoundError):
            families["age_seconds"].add_metric([], max(0.0, time.time() - generation.built))
        for name in ("posts", "threads", "chunks"):
            families[name].add_metric([], float(getattr(manifest, name)))
    return [info, *families.values()]


class Metrics:
    """All that is counted of one server."""

    def __init__(self, generator: str) -> None:
        self.registry = Registry()
        self._count_requests()
        self._count_answers()
        self.info = self._gauge("info", "1, labelled with the version and the generator.", "version", "generator")
        self.info.labels(__version__, generator).set(1)
        self.places = self._gauge("places_taken", "Questions and lookups that are being worked on or wait.")
        ProcessCollector(registry=self.registry)

    def _count_requests(self) -> None:
        self.requests = self._counter(
            "requests", "Requests by template of their path, method and status.", "route", "method", "status"
        )
        self.request_seconds = self._histogram(
            "request_duration_seconds", "How long requests took, streams to their end.", "route"
        )
        self.failures = self._counter(
            "failures", "Questions and lookups that ended in an error, and faults of ours.", "surface", "error"
        )
        for surface in FAULTS_AT:
            self.failures.labels(surface, Fault.__name__)
        self.overloads = self._counter("overloads", "Questions and lookups that were told to come again later.")

    def _count_answers(self) -> None:
        self.answers = self._counter("answers", "Answers by surface and by how far they rest on posts.", "surface", "status")
        self.refusals = self._counter("refusals", "Questions that were not answered, by reason.", "reason")
        self.citations = self._counter("citations", "Citations by what the check of their words came to.", "verdict")
        self.stages = self._histogram("stage_duration_seconds", "How long the stages of an answer took.", "stage")
        self.left_out = self._counter("sentences_left_out", "Sentences of a model that were not shown.")
        self.cut_off = self._counter("answers_cut_off", "Answers of a model that ended early, by cause.", "cause")
        self.tokens = self._counter("tokens", "Tokens that models read and wrote.", "direction")
        known = (
            (self.refusals, Refusal), (self.citations, Verdict), (self.stages, STAGES),
            (self.cut_off, ("server", "limit")), (self.tokens, ("read", "written")),
        )  # fmt: skip
        for metric, values in known:
            for value in values:
                metric.labels(value)

    def _counter(self, name: str, said: str, *labels: str) -> Counter:
        return Counter(f"assistant_{name}", said, labels, registry=self.registry)

    def _gauge(self, name: str, said: str, *labels: str) -> Gauge:
        return Gauge(f"assistant_{name}", said, labels, registry=self.registry)

    def _histogram(self, name: str, said: str, *labels: str) -> Histogram:
        return Histogram(f"assistant_{name}", said, labels, registry=self.registry, buckets=BUCKETS)

    def answered(self, surface: str, answer: Answer) -> None:
        """Count an answer and what is in it."""
        reply = answer.reply
        self.answers.labels(surface, reply.status.value).inc()
        if reply.refusal:
            self.refusals.labels(reply.refusal.value).inc()
        for citation in reply.citations:
            self.citations.labels(citation.verdict.value).inc()
        for stage, seconds in stage_seconds(answer.timings_ms).items():
            self.stages.labels(stage).observe(seconds)
        self.left_out.inc(reply.left_out)
        if reply.cut_off:
            self.cut_off.labels("server" if reply.cut_off.by_server else "limit").inc()
        if reply.usage:
            self.tokens.labels("read").inc(reply.usage.prompt_tokens)
            self.tokens.labels("written").inc(reply.usage.completion_tokens)

    def failed(self, surface: str, error: AssistantError) -> None:
        """Count an error by its class."""
        self.failures.labels(surface, type(error).__name__).inc()
        if isinstance(error, Overloaded):
            self.overloads.inc()

    def crashed(self, surface: str) -> None:
        """Count a fault of ours; which it was is in the log."""
        self.failures.labels(surface, Fault.__name__).inc()

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; all paths without a route are one."""
        route = route or UNKNOWN_ROUTE
        self.requests.labels(route, known_method(method), str(status)).inc()
        self.request_seconds.labels(route).observe(seconds)

    def watch(self, busy: Callable[[], int], in_force: InForceNow) -> None:
        """Look these up at each scrape."""
        self.places.set_function(busy)
        self.registry.register(in_force)

    def exposition(self) -> tuple[bytes, str]:
        """All of it in Prometheus' text format, and the content type of that."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
