"""The harness' own client of the API gets what the pipeline gives in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.systems.endpoints import Endpoint
from assistant.evaluation.systems.in_process import InProcess

SAMPLE = load_set(Path(__file__).resolve().parents[2] / "eval" / "sample")
FOLLOW_UP = next(topic for topic in SAMPLE.topics if topic.history)
TOPICS = [SAMPLE.topics[0], FOLLOW_UP, next(topic for topic in SAMPLE.topics if not topic.answerable)]


@pytest.fixture(scope="module")
def within(sample):
    system = InProcess(sample.settings, depth=10, timeout=60)
    yield system
    system.close()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
def test_an_evaluation_over_the_wire_records_what_one_in_this_process_does(server, within, topic):
    served = asyncio.run(Endpoint(server.url).ask(topic)).record
    expected = asyncio.run(within.ask(topic)).record
    for name in ("text", "decision", "citations", "seen", "standalone"):
        assert getattr(served, name) == getattr(expected, name)
    if not topic.history:  # a ranking of its own lacks the turn that a follow-up leans on
        assert served.retrieved == expected.retrieved[: len(served.retrieved)]
    assert served.latency_ms["first_delta"] <= served.latency_ms["round_trip"]
