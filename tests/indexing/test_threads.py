"""Many threads at one assistant: the answers are those that one thread gets, byte for byte."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from assistant.answering.finding.remembering import REMEMBERED, Remembering
from assistant.indexing.minilm import MiniLM
from assistant.indexing.vector_store import VectorStore
from assistant.pipeline import Assistant, answer_of
from assistant.render import answer_json, hit_json
from assistant.settings import Settings
from assistant.types import Turn

THREADS, QUESTIONS = 8, 50


def in_threads(work, count=THREADS):
    """What `work(number)` returns in each of `count` threads that begin together."""
    together = threading.Barrier(count)

    def begin(number):
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def mixed_questions(sample_posts):
    """Searches, questions and follow-ups of the sample's set, fifty of them."""
    lines = (sample_posts.parent / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    topics = [json.loads(line) for line in lines][:QUESTIONS]
    turns = [[Turn(turn["role"], turn["content"]) for turn in topic["turns"]] for topic in topics]
    return [(number % 3 == 0, history[-1].content, tuple(history[:-1])) for number, history in enumerate(turns)]


def said(assistant, question):
    """All that is said to a question, without the times."""
    only_search, text, history = question
    if only_search:
        return json.dumps([hit_json(hit) for hit in assistant.search(text, 10)])
    answer = answer_json(asyncio.run(answer_of(assistant, text, history)))
    return json.dumps({name: value for name, value in answer.items() if name != "timings_ms"})


def test_eight_threads_with_fifty_questions_get_the_answers_of_one(sample, sample_index, sample_posts, cache_dir):
    questions = mixed_questions(sample_posts)
    alone = [said(sample, question) for question in questions]
    # An embedder and an assistant of its own: that threads meet while things are opened is part of the test.
    with closing(Assistant(Settings(index=sample_index), MiniLM(cache_dir))) as assistant:

        def ask(number):
            order = random.Random(number).sample(range(QUESTIONS), QUESTIONS)
            return dict(zip(order, [said(assistant, questions[place]) for place in order], strict=True))

        for answers in in_threads(ask):
            assert [answers[place] for place in range(QUESTIONS)] == alone


def test_a_swap_while_threads_ask_never_mixes_generations(small, jsonl):
    def publish(revision):
        posts = [{"id": str(number), "body": f"Revision {revision} of disk {number}."} for number in range(40)]
        assert revision_of(small.build(jsonl("a.jsonl", *posts)).generation) == str(revision)

    def revision_of(generation):
        return str(int(generation.split("-")[1]) - 1)

    def asked(number, turn):
        """The one revision of all that is seen at once."""
        if number % 2:
            found = {hit.post.body.split()[1] for hit in assistant.search("revision disk", 10)}
        else:
            answer = asyncio.run(answer_of(assistant, f"What is revision of disk {turn % 40}?"))
            found = {citation.post.body.split()[1] for citation in answer.reply.citations}
            found.add(revision_of(answer.provenance.generation))
        (revision,) = found
        return revision

    def work(number):
        if number == THREADS:
            all_asked.wait(30)
            for revision in range(1, 4):
                publish(revision)
            return ["0", "3"]
        seen = [asked(number, 0)]
        all_asked.wait(30)
        for turn in range(5000):
            seen.append(asked(number, turn))
            if seen[-1] == "3":
                break
        return seen

    publish(0)
    all_asked = threading.Barrier(THREADS + 1)
    with closing(Assistant(Settings(index=small.folder.path, refuse_below=0.0), small.embedder)) as assistant:
        for seen in in_threads(work, THREADS + 1):
            assert (seen[0], seen[-1]) == ("0", "3")
            assert seen == sorted(seen)


def test_one_post_store_serves_many_threads(sample):
    store = sample.generation.posts
    rows = range(len(store))
    alone = store.posts(rows)

    def read(number):
        for _ in range(5):
            order = random.Random(number).sample(rows, len(rows))
            assert store.posts(order) == [alone[row] for row in order]
            assert store.find(alone[number].post_id) == alone[number]
            assert len(store.chunks_of(order)) == len(store.chunks_of(rows))

    in_threads(read)


def test_a_vector_store_is_opened_asked_and_closed_by_many_threads_at_once(small, jsonl):
    small.build(jsonl("a.jsonl", *({"id": str(number), "body": f"Words of post {number}."} for number in range(30))))
    folder = small.folder.current() / "chroma"
    vector = small.embedder.embed(["Words of post 7."])[0]
    with closing(VectorStore(folder)) as store:
        alone = store.nearest(vector, 5)

    def ask(number):
        for _ in range(10):
            with closing(VectorStore(folder)) as store:
                assert store.nearest(vector, 5) == alone

    in_threads(ask)


def test_vectors_do_not_depend_on_the_threads_beside_them(embedder, cache_dir):
    texts = [f"How is volume {number} mounted {'again and ' * (number % 7)}again?" for number in range(40)]
    alone = embedder.embed(texts)
    fresh = MiniLM(cache_dir)

    def embed(number):
        order = random.Random(number).sample(range(len(texts)), len(texts))
        return np.array_equal(fresh.embed([texts[place] for place in order]), alone[order])

    assert all(in_threads(embed))


def test_vectors_are_remembered_for_all_threads_and_forgets_when_it_holds_too_much(hashing):
    embedder = hashing()
    remembering = Remembering(embedder)
    texts = [f"word{number} of many" for number in range(REMEMBERED // 4)]
    alone = hashing().embed(texts)

    def embed(number):
        own = [f"thread {number} has text {place}" for place in range(REMEMBERED // 8)]
        remembering.embed(own)
        return np.array_equal(remembering.embed([*texts, *texts[:3]])[: len(texts)], alone)

    assert all(in_threads(embed))
    assert 0 < len(remembering._remembered) <= REMEMBERED
    calls = embedder.calls
    remembering.embed(texts[:5])
    remembering.embed(texts[:5])
    assert embedder.calls <= calls + 1
