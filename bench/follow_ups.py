"""Share of follow-ups whose gold post, and gold thread, comes first: last turn alone, rules, model, and written by hand.

    python bench/follow_ups.py eval/conversations/sample/dev.jsonl eval/conversations/real/dev.jsonl
    python bench/follow_ups.py SET... --generator openai:MODEL --base-url http://127.0.0.1:8080/v1
    python bench/follow_ups.py SET... --fine eval/real/dev.jsonl

“Scripted” is a model that always returns the question as written by hand: the most that a model can win behind the guard.
`--fine` puts the questions of another set, which stand by themselves, behind the conversations of each SET, and says for
how many that was noticed and what they find then. Indexes are built in the cache folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import numpy as np

from assistant.conversation import rewritten, standalone
from assistant.evaluation.preparing import indexed
from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.topics import Topic, TopicSet
from assistant.llm.choosing import model_from
from assistant.llm.model import Ended, Message, Model
from assistant.pipeline import Assistant
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.settings import Settings, load
from assistant.types import Post, Rewriting, Standalone, Turn

GOLD = 3
Way = Callable[[Topic], Standalone]


class Scripted:
    """A model that says one thing."""

    name = "openai:scripted"

    def __init__(self, text: str) -> None:
        self.text = text

    async def window(self) -> int:
        return 4096

    async def stream(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        yield json.dumps({"question": self.text})
        yield Ended("stop")


class Bench:
    """One set with the index of its posts."""

    def __init__(self, topics: TopicSet, settings: Settings) -> None:
        self.topics = topics
        self.assistant = Assistant(indexed(topics, settings, lambda *_: None))
        self.generation = self.assistant.generation
        self.rarity = self.generation.lexical.rarity
        self.unused: Counter[str] = Counter()

    def first(self, asked: Standalone) -> Post | None:
        retriever = Retriever(self.generation, self.assistant.embedder)
        before = retriever.before(Question(asked.leans_on)) if asked.leans_on else None
        hits = retriever.search(Question(asked.text), 1, before=before)
        return hits[0].post if hits else None

    def right(self, topic: Topic, asked: Standalone) -> tuple[bool, bool]:
        """Whether a gold post, and a post in a thread of one, comes first."""
        gold = [self.generation.posts.find(name) for name, grade in topic.posts.items() if grade == GOLD]
        first = self.first(asked)
        if first is None:
            return False, False
        return first.post_id in {post.post_id for post in gold}, first.thread_id in {post.thread_id for post in gold}

    def by_rules(self, topic: Topic) -> Standalone:
        return standalone(topic.question, topic.history, self.rarity)

    def by_model(self, topic: Topic, model: Model) -> Standalone:
        found = asyncio.run(rewritten(topic.question, topic.history, self.rarity, model))[0]
        self.unused[found.why.partition("not used: ")[2] or found.how.value] += 1
        return found

    def shares(self, way: Way) -> str:
        topics = [topic for topic in self.topics.topics if topic.history and topic.standalone and GOLD in topic.posts.values()]
        posts, threads = np.mean([self.right(topic, way(topic)) for topic in topics], axis=0)
        return f"post {posts:.3f}  thread {threads:.3f}  of {len(topics)}"


def by_hand(topic: Topic) -> Standalone:
    return Standalone(topic.standalone or topic.question)


def measured(spec: str, bench: Bench, model: Model | None) -> None:
    print(f"{spec}: {bench.generation.manifest.posts} posts")
    print("  last turn alone   ", bench.shares(lambda topic: Standalone(topic.question)))
    print("  rules             ", bench.shares(bench.by_rules))
    print("  scripted model    ", bench.shares(lambda topic: bench.by_model(topic, Scripted(topic.standalone or ""))))
    print("     ", dict(bench.unused))
    if model is not None:
        bench.unused.clear()
        print(f"  {model.name:18}", bench.shares(lambda topic: bench.by_model(topic, model)))
        print("     ", dict(bench.unused))
    print("  written by hand   ", bench.shares(by_hand))


def noticed(conversations: Sequence[tuple[Turn, ...]], fine: Bench, seed: int) -> None:
    """What becomes of questions that stand by themselves behind conversations about something else."""
    draw = random.Random(seed)
    topics = [topic for topic in fine.topics.topics if not topic.history]
    asked = [standalone(topic.question, draw.choice(conversations), fine.rarity) for topic in topics]
    left = np.mean([found.how is Rewriting.NEW_SUBJECT for found in asked])
    judged = [(topic, found) for topic, found in zip(topics, asked, strict=True) if GOLD in topic.posts.values()]
    alone = np.mean([fine.right(topic, Standalone(topic.question))[0] for topic, _ in judged])
    behind = np.mean([fine.right(topic, found)[0] for topic, found in judged])
    print(f"  {fine.topics.name} behind them: noticed {left:.3f} of {len(topics)}; gold post first {alone:.3f} -> {behind:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--fine", nargs="*", default=[])
    parser.add_argument("--generator")
    parser.add_argument("--base-url")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    flags = {"generator": options.generator, "base_url": options.base_url}
    settings = load({name: value for name, value in flags.items() if value})
    model = model_from(settings)
    fine = [Bench(load_set(spec), settings) for spec in options.fine]
    for spec in options.sets:
        bench = Bench(load_set(spec), settings)
        measured(spec, bench, model)
        for other in fine:
            noticed([topic.history for topic in bench.topics.topics if topic.history], other, options.seed)


if __name__ == "__main__":
    main()
