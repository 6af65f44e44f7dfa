"""The generation in force, shared: what is replaced stays open for those who read it, and for nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.indexing.in_force import InForce
from assistant.indexing.manifest import Recipe
from assistant.pipeline import Answered, Assistant
from assistant.settings import Settings

pytestmark = pytest.mark.alone

SWAPS, WARM = 20, 5
READER = """
import json, os, sys, threading, time
from assistant.pipeline import Assistant
from assistant.settings import Settings

assistant = Assistant(Settings(index=sys.argv[1]))
asked, mixed, failed, stop = 0, 0, [], threading.Event()

def revisions():
    return {hit.post.body.split()[1] for hit in assistant.search("disk revision", 10)}

def ask():
    global asked, mixed
    while not stop.wait(0.05):
        try:
            mixed += len(revisions()) != 1
            asked += 1
        except Exception as error:
            failed.append(repr(error))

threads = [threading.Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
for line in sys.stdin:
    seen = revisions()
    memory = next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmRSS"))
    print(json.dumps({"revisions": sorted(seen), "descriptors": len(os.listdir("/proc/self/fd")), "memory": memory,
                      "asked": asked, "mixed": mixed, "failed": failed}), flush=True)
stop.set()
"""


@pytest.fixture
def built(small, jsonl):
    small.build(jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}))
    return small


@pytest.fixture
def in_force(built):
    in_force = InForce(built.folder, Recipe(built.embedder.fingerprint), lambda generation: generation)
    yield in_force
    in_force.close()


def body(generation):
    return generation.posts.posts([0])[0].body


def test_a_reader_keeps_its_generation_while_others_turn_to_a_newer_one(in_force, built, jsonl):
    with in_force.reading() as older:
        built.build(jsonl("a.jsonl", {"id": "1", "body": "It works."}))
        with in_force.reading() as newer:
            assert (body(older), body(newer)) == ("It fails on boot.", "It works.")
        assert in_force.latest() is newer
        assert body(older) == "It fails on boot."
    with pytest.raises(RuntimeError, match="closed"):
        body(older)
    assert body(newer) == "It works."


def test_a_replaced_generation_is_closed_with_its_last_reader(in_force, built, jsonl):
    with in_force.reading() as older:
        with in_force.reading() as same:
            assert same is older
            built.build(jsonl("a.jsonl", {"id": "1", "body": "It works."}))
            in_force.latest()
        assert body(older) == "It fails on boot."
    with pytest.raises(RuntimeError, match="closed"):
        body(older)


def test_a_reader_that_fails_gives_its_generation_back(in_force):
    with pytest.raises(KeyError), in_force.reading() as generation:
        raise KeyError
    in_force.close()
    with pytest.raises(RuntimeError, match="closed"):
        body(generation)


def test_closing_waits_for_readers_and_asking_again_opens_anew(in_force):
    with in_force.reading() as generation:
        in_force.close()
        assert body(generation) == "It fails on boot."
    with in_force.reading() as again:
        assert again is not generation
        assert body(again) == "It fails on boot."


def test_an_index_deleted_and_built_anew_under_the_same_name_is_noticed(in_force, built, jsonl):
    with in_force.reading() as older:
        shutil.rmtree(built.folder.path)
        built.build(jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}))
        with in_force.reading() as newer:
            assert newer.name == older.name
            assert newer is not older
            assert len(newer.vectors.ids()) == 1


def test_threads_that_come_first_together_open_one_generation(built):
    made = []
    in_force = InForce(
        built.folder, Recipe(built.embedder.fingerprint), lambda generation: made.append(generation) or generation
    )
    together = threading.Barrier(8)

    def read(number):
        together.wait()
        with in_force.reading() as generation:
            return body(generation), generation.vectors, generation.lexical

    with ThreadPoolExecutor(8) as threads:
        parts = set(threads.map(read, range(8)))
    assert len(made) == len(parts) == 1
    in_force.close()


def test_an_answer_that_streams_is_finished_from_its_own_generation(built, jsonl):
    assistant = Assistant(Settings(index=built.folder.path, refuse_below=0.0), built.embedder)
    first = built.folder.current_name()

    async def asked_while_built():
        events = assistant.ask("What fails on boot?")
        retrieved = await anext(events)
        for number in range(3):
            built.build(jsonl("a.jsonl", {"id": "1", "body": f"Other words {number}."}))
            assistant.search("words")
        return retrieved, [event async for event in events]

    retrieved, events = asyncio.run(asked_while_built())
    assert [hit.post.body for hit in retrieved.hits] == ["It fails on boot."]
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert answer.provenance.generation == first
    assert [citation.quote for citation in answer.reply.citations] == ["It fails on boot."]
    built.build()
    assert first not in [path.name for path in built.folder.generations()]
    assistant.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="what a process holds is read from /proc")
def test_after_twenty_swaps_a_reader_holds_what_it_held_before(tmp_path, jsonl, embedder):
    from assistant.indexing.build import build
    from assistant.indexing.generations import IndexFolder

    index = tmp_path / "index"

    def publish(revision):
        posts = [{"id": str(number), "body": f"Revision {revision} of disk {number}."} for number in range(5)]
        build(IndexFolder(index), embedder, [str(jsonl("a.jsonl", *posts))])

    def report():
        reader.stdin.write("\n")
        reader.stdin.flush()
        return json.loads(reader.stdout.readline())

    publish(0)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        report()
        for swap in range(1, SWAPS + WARM + 1):
            publish(swap)
            started = time.perf_counter()
            found = report()
            assert found["revisions"] == [str(swap)]
            assert time.perf_counter() - started < 2
            if swap == WARM:
                before = found
        time.sleep(0.2)
        after = report()
    finally:
        reader.communicate(timeout=30)
    assert after["asked"] > SWAPS
    assert (after["failed"], after["mixed"]) == ([], 0)
    assert after["descriptors"] <= before["descriptors"] * 1.1
    assert after["memory"] <= before["memory"] * 1.1
