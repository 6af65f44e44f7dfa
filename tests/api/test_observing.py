"""What the metrics of a server say: every figure from something that happened, every label from a short list."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from scripted_model import Scripted

from assistant.api.observing.metrics import FAULTS_AT, METHODS, STAGES, Metrics, stage_seconds
from assistant.api.observing.observer import Observer
from assistant.api.service import Asked, Service
from assistant.errors import Overloaded, PostNotFound
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.types import CutOff, Refusal, Timings, Usage, Verdict

ANSWERED = "Why is the preview of my external camera rotated by 90 degrees?"
ABSENT = "How do I get Bluetooth LE audio working on Corvid OS?"


def samples(observer):
    """Name and labels to value, of all that the observer exposes."""
    body, content_type = observer.exposition()
    assert content_type.startswith("text/plain")
    families = text_string_to_metric_families(body.decode())
    return {(sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples}


def label_values(observer, name):
    return {value for (_, *labels) in samples(observer) for label, value in labels if label == name}


@pytest.fixture
def observer():
    observer = Observer(Settings())
    yield observer
    observer.close()


@pytest.fixture(scope="module")
def answer(sample):
    from assistant.pipeline import answer_of

    return asyncio.run(answer_of(sample, ANSWERED))


def test_an_answer_and_a_refusal_are_counted_with_their_citations_and_stages(service):
    for question in (ANSWERED, ABSENT):
        asyncio.run(service.answer(Asked(question, surface="openai")))
    seen = samples(service.observer)
    assert seen["assistant_answers_total", ("status", "grounded"), ("surface", "openai")] == 1
    assert seen["assistant_answers_total", ("status", "refused"), ("surface", "openai")] == 1
    assert sum(seen["assistant_refusals_total", ("reason", reason.value)] for reason in Refusal) == 1
    assert seen["assistant_citations_total", ("verdict", "verified")] >= 1
    for stage in STAGES:
        assert seen["assistant_stage_duration_seconds_count", ("stage", stage)] == 2
    total = seen["assistant_stage_duration_seconds_sum", ("stage", "total")]
    assert 0 < seen["assistant_stage_duration_seconds_sum", ("stage", "retrieve")] < total < 60


def test_what_can_happen_stands_at_zero_before_it_does(observer):
    seen = samples(observer)
    expected = (
        ("refusals_total", "reason", Refusal), ("citations_total", "verdict", Verdict),
        ("tokens_total", "direction", ("read", "written")),
        ("answers_cut_off_total", "cause", ("server", "limit")),
    )  # fmt: skip
    for name, label, values in expected:
        assert [seen[f"assistant_{name}", (label, value)] for value in values] == [0] * len(values)
    assert [seen["assistant_failures_total", ("error", "Fault"), ("surface", surface)] for surface in FAULTS_AT] == [0, 0]
    assert seen["assistant_overloads_total",] == seen["assistant_sentences_left_out_total",] == 0


def test_tokens_left_out_sentences_and_answers_that_broke_off_are_counted(observer, answer):
    for status in (200, 502):
        reply = replace(answer.reply, usage=Usage(70, 9), left_out=2, cut_off=CutOff("it ended", "raise it", 0, status))
        observer.answered("ask", replace(answer, reply=reply))
    seen = samples(observer)
    assert seen["assistant_tokens_total", ("direction", "read")] == 140
    assert seen["assistant_tokens_total", ("direction", "written")] == 18
    assert seen["assistant_sentences_left_out_total",] == 4
    assert seen["assistant_answers_cut_off_total", ("cause", "server")] == 1
    assert seen["assistant_answers_cut_off_total", ("cause", "limit")] == 1


def test_errors_are_counted_by_class_and_overload_by_itself_too(observer):
    observer.failed("ask", Overloaded("two", hint="later", retry_after=1))
    observer.failed("post", PostNotFound("nothing", hint="search"))
    seen = samples(observer)
    assert seen["assistant_failures_total", ("error", "Overloaded"), ("surface", "ask")] == 1
    assert seen["assistant_failures_total", ("error", "PostNotFound"), ("surface", "post")] == 1
    assert seen["assistant_overloads_total",] == 1


def test_a_fault_that_comes_out_of_a_request_is_a_failure(observer):
    with pytest.raises(ZeroDivisionError), observer.request("id"):
        raise ZeroDivisionError
    assert samples(observer)["assistant_failures_total", ("error", "Fault"), ("surface", "http")] == 1


@given(st.text(max_size=20), st.sampled_from([200, 404, 500]))
def test_no_word_of_a_client_becomes_a_label(method, status):
    metrics = Metrics("extractive")
    metrics.requested(method, "", status, 0.1)
    body, _ = metrics.exposition()
    found = re.search(r'assistant_requests_total\{method="(.*)",route="(.*)",status="(.*)"\} 1.0', body.decode())
    assert found is not None
    assert found[1] in METHODS | {"other"}
    assert (found[2], found[3]) == ("unknown", str(status))


def test_requests_to_all_paths_without_a_route_are_one(observer):
    for number in range(50):
        observer.requested("GET", "", 404, 0.001, f"id-{number}")
    observer.requested("GET", "/posts/{post_id}", 200, 0.002, "id")
    assert label_values(observer, "route") == {"unknown", "/posts/{post_id}"}
    assert samples(observer)["assistant_requests_total", ("method", "GET"), ("route", "unknown"), ("status", "404")] == 50


def test_the_generation_in_force_its_age_and_size_are_looked_up_when_scraped(service, sample):
    asyncio.run(service.warm())
    manifest = sample.generation.manifest
    seen = samples(service.observer)
    assert seen["assistant_generation_info", ("generation", manifest.generation)] == 1
    assert seen["assistant_generation_posts",] == manifest.posts
    assert seen["assistant_generation_chunks",] == manifest.chunks
    assert seen["assistant_index_usable",] == 1
    finished = (sample.generation.folder / "manifest.json").stat().st_mtime
    assert seen["assistant_generation_age_seconds",] == pytest.approx(time.time() - finished, abs=5)
    assert seen["process_resident_memory_bytes",] > 20_000_000


def test_a_newer_generation_is_seen_by_the_next_scrape_without_a_question(small, jsonl):
    def post(body):
        return {"id": "a", "title": "Cable", "body": body}

    small.build(jsonl("posts.jsonl", post("The red cable is loose.")))
    settings = Settings(index=small.folder.path)
    service = Service(settings, Assistant(settings, small.embedder))
    first = label_values(service.observer, "generation")
    small.build(jsonl("posts.jsonl", post("The blue cable is loose.")))
    second = label_values(service.observer, "generation")
    service.close()
    assert len(first) == len(second) == 1
    assert first != second
    assert second == {small.folder.current_name()}


def test_without_an_index_the_metrics_say_so_and_nothing_fails(tmp_path, hashing):
    settings = Settings(index=tmp_path / "none")
    service = Service(settings, Assistant(settings, hashing()))
    seen = samples(service.observer)
    service.close()
    assert seen["assistant_index_usable",] == 0
    assert not any(name == "assistant_generation_posts" for name, *_ in seen)


def test_places_taken_are_those_at_the_time_of_the_scrape(make_service):
    service = make_service(Scripted(["The cable is loose [1]."], wait=0.2))

    async def asked():
        events = service.ask(Asked(ANSWERED))
        await anext(events)
        during = samples(service.observer)["assistant_places_taken",]
        await events.aclose()
        return during

    assert asyncio.run(asked()) == 1
    assert samples(service.observer)["assistant_places_taken",] == 0
    service.close()


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=4).map(sorted))
def test_stages_add_up_to_no_more_than_the_whole(times):
    stages = stage_seconds(Timings(*times))
    assert min(stages.values()) >= 0
    assert stages["rewrite"] + stages["retrieve"] <= stages["total"] + 1e-9


@pytest.mark.alone
def test_being_watched_costs_an_answer_less_than_two_milliseconds(observer, answer):
    observer.answered("ask", answer)
    rounds = 200
    started = time.process_time()
    for _ in range(rounds):
        observer.answered("ask", answer)
        observer.requested("POST", "/ask", 200, 0.2, "id")
    assert (time.process_time() - started) / rounds < 0.002


def test_the_metrics_of_the_server_are_served_and_parse(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    names = {family.name for family in text_string_to_metric_families(response.text)}
    assert {"assistant_requests", "assistant_generation_posts", "process_open_fds"} <= names
