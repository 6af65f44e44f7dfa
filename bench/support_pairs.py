"""Pairs of a claim and a post, for bench/support.py: made by hand (eval/support), and made of CLAP NQ's gold answers."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.language.segments import sentences
from assistant.language.terms import terms
from assistant.types import Passage, Post

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ASSISTANT_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Pair:
    """One claim, the post that it cites, and whether the post says so. Pairs of one group are about one post."""

    source: str
    group: str
    claim: str
    post: Post
    supported: bool
    kind: str


def post_of(post_id: str, title: str, body: str) -> Post:
    return Post(post_id, post_id, title, body, str(zlib.crc32(body.encode())))


def hand_made(path: Path) -> list[Pair]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    posts = [post_of(row["post"]["title"], row["post"]["title"], row["post"]["body"]) for row in rows]
    return [
        Pair("hand", post.title, row["claim"], post, row["supported"], row["kind"])
        for row, post in zip(rows, posts, strict=True)
    ]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()]


def _plain(text: str) -> str:
    """CLAP NQ's tokens as people write them."""
    text = re.sub(r"``\s*|\s*''", '"', text)
    text = re.sub(r"\s+(?=[,.;:!?%)]|['’]s\b|n['’]t\b)", "", text)
    return " ".join(re.sub(r"(?<=[(])\s+|(?<=\w)\s-\s(?=\w)", lambda match: "-" if "-" in match[0] else "", text).split())


def clap_nq(half: int) -> list[Pair]:
    """Gold answers sentence by sentence against their passage, and five kinds of negatives made of each."""
    folder = SHARED / "data" / "clapnq"
    posts = {row["_id"]: post_of(row["_id"], row["title"], _plain(row["text"])) for row in _lines(folder / "corpus.jsonl.gz")}
    held = {post_id: frozenset(terms(post.body)) for post_id, post in posts.items()}
    names = sorted({name for post in posts.values() for name in re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}\b", post.body)})
    pairs: list[Pair] = []
    for row in _lines(folder / "answers.jsonl.gz"):
        if not row["answerable"] or zlib.crc32(row["query_id"].encode()) % 2 != half:
            continue
        post, gold = posts[row["gold_passages"][0]], row["output"][0]
        draw = random.Random(row["query_id"])
        answer = _plain(gold["answer"].replace("\n", " "))
        for start, end in sentences(answer):
            claim = answer[start:end]
            if len(terms(claim)) < 4:
                continue
            made = _negatives(claim, post, [_plain(one) for one in gold["selected_sentences"]], draw, names)
            other = max(
                (one for one in posts if posts[one].title != post.title), key=lambda one: len(held[one] & set(terms(claim)))
            )
            pairs.append(Pair("clapnq", row["query_id"], claim, post, True, "gold"))
            pairs.append(Pair("clapnq", row["query_id"], claim, posts[other], False, "other_passage"))
            pairs.extend(Pair("clapnq", row["query_id"], text, where, False, kind) for kind, text, where in made)
    return pairs


def _negatives(
    claim: str, post: Post, selected: Sequence[str], draw: random.Random, names: Sequence[str]
) -> Iterator[tuple[str, str, Post]]:
    if numbers := list(re.finditer(r"(?<![\w.])\d+(?![\w.])", claim)):
        match = draw.choice(numbers)
        yield "number", f"{claim[: match.start()]}{int(match[0]) + draw.randint(1, 9)}{claim[match.end() :]}", post
    if match := re.search(r"\b(?:is|are|was|were|can|could|will|would|has|have|had|may|must|should)\b(?! not)", claim):
        yield "negation", f"{claim[: match.end()]} not{claim[match.end() :]}", post
    elif " not " in claim:
        yield "negation", claim.replace(" not ", " ", 1), post
    if found := list(re.finditer(r"(?<=[a-z] )[A-Z][a-z]{3,}\b", claim)):
        match = draw.choice(found)
        other = next(name for name in draw.sample(names, 20) if name not in post.body)
        yield "name", claim[: match.start()] + other + claim[match.end() :], post
    rest = post.body
    for sentence in selected:
        rest = rest.replace(sentence, " ")
    if len(terms(rest)) > 30 and len(rest) < len(post.body):
        yield "not_stated", claim, post_of(f"{post.post_id}-rest", post.title, " ".join(rest.split()))


def rarity_of(pairs: Sequence[Pair]) -> Callable[[str], float]:
    """Rarity as an index of these pairs' posts has it."""
    bodies = {pair.post.body: pair.post for pair in pairs}
    holders = Counter(term for post in bodies.values() for term in set(terms(f"{post.title} {post.body}")))
    size = len(bodies)
    return lambda term: 1.0 - math.log(max(1, holders[term])) / math.log(size)


def passage_of(post: Post) -> Passage:
    return Passage(1, post, 0, min(600, len(post.body)), post.body[:600], 1.0)
