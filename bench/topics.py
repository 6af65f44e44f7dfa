"""How well are topics answered? A line a set: gold thread first, fact quoted, characters, false refusals and answers.

    python bench/topics.py INDEX TOPICS.jsonl [TOPICS.jsonl ...] [--refuse-below X] [--verbose]

Also checks every citation of every answer against the post it names (must be 1.000). A small stand-in for the
evaluation harness, kept because it is quick: it scores no partial credit and gives no intervals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings
from assistant.types import Answer, Status, Turn


def fold(text: str) -> str:
    """NFKC, case and spacing folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def form_found(form: Any, text: str) -> bool:
    """Whether a surface form of a nugget stands in folded `text`: a word sequence, `re:` a pattern, a list all of them."""
    if isinstance(form, list):
        return all(form_found(part, text) for part in form)
    if form.startswith("re:"):
        return bool(re.search(form[3:], text, re.IGNORECASE))
    wanted = fold(form)
    before = r"(?<!\w)(?<!\d\.)" if wanted[:1].isalnum() else ""
    after = r"(?!\w)(?!\.\d)" if wanted[-1:].isalnum() else ""
    return bool(re.search(before + re.escape(wanted) + after, text))


@dataclass(frozen=True)
class Outcome:
    """What became of one topic. `first` and `fact` are None where the topic has no answer."""

    topic: str
    answerable: bool
    first: bool | None
    fact: bool | None
    shown: int
    refused: bool
    confidence: float
    citations: int
    verbatim: int


def outcome(topic: dict[str, Any], answer: Answer, unrefused: Answer, first_thread: str | None) -> Outcome:
    """Judge an answer; `unrefused` is the answer to the same question with refusals off: what would be quoted."""
    cited = unrefused.reply.citations
    quoted = fold("\n".join(citation.quote for citation in cited))
    vital = [nugget for nugget in topic.get("nuggets", []) if nugget.get("importance", "vital") == "vital"]
    answerable = topic["answerable"]
    checked = [*answer.reply.citations, *cited]
    return Outcome(
        topic["id"], answerable,
        first_thread in topic["threads"] if answerable else None,
        all(any(form_found(form, quoted) for form in nugget["any_of"]) for nugget in vital) if answerable else None,
        sum(len(citation.quote) for citation in cited), answer.reply.status is Status.REFUSED, answer.reply.confidence,
        len(checked), sum(c.post.body[c.start : c.end] == c.quote for c in checked),
    )  # fmt: skip


async def run(index: Path, topics: list[dict[str, Any]], refuse_below: float | None) -> list[Outcome]:
    """Ask every topic of an index, in order."""
    settings = Settings(index=index)
    if refuse_below is not None:
        settings = settings.model_copy(update={"refuse_below": refuse_below})
    refusing = Assistant(settings)
    never = Assistant(settings.model_copy(update={"refuse_below": 0.0}), refusing.embedder)
    outcomes = []
    for topic in topics:
        turns = [Turn(turn["role"], turn["content"]) for turn in topic["turns"]]
        question, history = turns[-1].content, turns[:-1]
        answer = await answer_of(refusing, question, history)
        unrefused = await answer_of(never, question, history)
        hits = refusing.search(answer.standalone_question, 1)
        outcomes.append(outcome(topic, answer, unrefused, hits[0].post.thread_id if hits else None))
    return outcomes


def share(values: list[bool]) -> str:
    return f"{sum(values) / len(values):.3f} ({sum(values)}/{len(values)})" if values else "-"


def report(name: str, outcomes: list[Outcome]) -> str:
    yes = [o for o in outcomes if o.answerable]
    no = [o for o in outcomes if not o.answerable]
    return (
        f"{name}: gold thread first {share([bool(o.first) for o in yes])}  fact quoted {share([bool(o.fact) for o in yes])}  "
        f"characters {sum(o.shown for o in yes) / max(1, len(yes)):.0f}  false refusals {share([o.refused for o in yes])}  "
        f"false answers {share([not o.refused for o in no])}  "
        f"verbatim {sum(o.verbatim for o in outcomes)}/{sum(o.citations for o in outcomes)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("topics", type=Path, nargs="+")
    parser.add_argument("--refuse-below", type=float)
    parser.add_argument("--verbose", action="store_true", help="a line for each topic that went wrong")
    options = parser.parse_args()
    for path in options.topics:
        topics = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        outcomes = asyncio.run(run(options.index, topics, options.refuse_below))
        print(report(path.stem, outcomes), flush=True)
        for o in outcomes if options.verbose else ():
            if (o.answerable and (not o.first or not o.fact or o.refused)) or (not o.answerable and not o.refused):
                print(f"  {o.topic} first={o.first} fact={o.fact} refused={o.refused} confidence={o.confidence:.2f}")


if __name__ == "__main__":
    main()
