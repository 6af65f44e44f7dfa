"""Share of follow-ups whose gold post, and gold thread, comes first: last turn alone, rules, model, and written by hand.

    python bench/follow_ups.py eval/conversations/sample/dev.jsonl eval/conversations/real/dev.jsonl
    python bench/follow_ups.py SET... --generator openai:MODEL --base-url http://127.0.0.1:8080/v1
    python bench/follow_ups.py SET... --fine eval/real/dev.jsonl

“Scripted” is a model that always returns the question as written by hand: the most that a model can win behind the guard.
`--fine` puts the questions of another set, which stand by themselves, behind the conversations of each SET, as they are and
with “and”, “what about” or the like in front: into how many another subject was carried, and what they find then.
`--tag` gives the figures of the topics with a tag too. “Refused” is the share that the quoting answerer refuses. Indexes
are built in the cache folder.
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
from assistant.pipeline import Assistant, answer_of
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.settings import Settings, load
from assistant.types import Post, Rewriting, Standalone, Status, Turn

GOLD = 3
OPENINGS = ("And ", "and ", "also, ", "so ", "but ", "What about ", "how about ", "ok, and ")
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

    def judged(self, tag: str | None) -> list[Topic]:
        topics = [topic for topic in self.topics.topics if topic.history and topic.standalone and GOLD in topic.posts.values()]
        return [topic for topic in topics if tag is None or tag in topic.tags]

    def shares(self, way: Way, tag: str | None = None) -> str:
        topics = self.judged(tag)
        posts, threads = np.mean([self.right(topic, way(topic)) for topic in topics], axis=0)
        return f"post {posts:.3f}  thread {threads:.3f}  of {len(topics)}"

    def refused(self, question: str, history: Sequence[Turn] = ()) -> bool:
        return asyncio.run(answer_of(self.assistant, question, history)).reply.status is Status.REFUSED

    def refusals(self, tag: str | None = None) -> str:
        topics = self.judged(tag)
        alone = np.mean([self.refused(topic.question) for topic in topics])
        rules = np.mean([self.refused(topic.question, topic.history) for topic in topics])
        hand = np.mean([self.refused(topic.standalone or "") for topic in topics])
        return f"last turn alone {alone:.3f}  rules {rules:.3f}  written by hand {hand:.3f}"


def by_hand(topic: Topic) -> Standalone:
    return Standalone(topic.standalone or topic.question)


def by_tag(bench: Bench, tags: Sequence[str]) -> None:
    for tag in tags:
        if bench.judged(tag):
            print(f"  {tag}: alone", bench.shares(lambda topic: Standalone(topic.question), tag))
            print(f"  {tag}: rules", bench.shares(bench.by_rules, tag))
            print(f"  {tag}: refused:", bench.refusals(tag))


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
    print("  refused:", bench.refusals())


def noticed(conversations: Sequence[tuple[Turn, ...]], fine: Bench, seed: int) -> None:
    """What becomes of questions that stand by themselves behind conversations about something else, opened in two ways."""
    draw = random.Random(seed)
    topics = [topic for topic in fine.topics.topics if not topic.history]
    behind = [draw.choice(conversations) for _ in topics]
    opened = [draw.choice(OPENINGS) + topic.question for topic in topics]
    print(f"  {fine.topics.name} behind them:", _kept(fine, topics, [topic.question for topic in topics], behind))
    print("    opened as follow-ups:", _kept(fine, topics, opened, behind))


def _kept(fine: Bench, topics: Sequence[Topic], questions: Sequence[str], behind: Sequence[tuple[Turn, ...]]) -> str:
    asked = [standalone(question, history, fine.rarity) for question, history in zip(questions, behind, strict=True)]
    carried = np.mean([found.how is Rewriting.CARRIED for found in asked])
    judged = [at for at, topic in enumerate(topics) if GOLD in topic.posts.values()]
    alone = np.mean([fine.right(topics[at], Standalone(topics[at].question))[0] for at in judged])
    first = np.mean([fine.right(topics[at], asked[at])[0] for at in judged])
    refused_alone = np.mean([fine.refused(topics[at].question) for at in judged])
    refused = np.mean([fine.refused(questions[at], behind[at]) for at in judged])
    return (
        f"another subject carried into {carried:.3f} of {len(topics)}; "
        f"gold post first {alone:.3f} -> {first:.3f}, refused {refused_alone:.3f} -> {refused:.3f} of {len(judged)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--fine", nargs="*", default=[])
    parser.add_argument("--tag", action="append", default=[], help="give the figures of the topics with this tag too")
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
        by_tag(bench, options.tag)
        for other in fine:
            noticed([topic.history for topic in bench.topics.topics if topic.history], other, options.seed)


if __name__ == "__main__":
    main()
