"""What our wording states of a post beside its words: when it was written, how often it was answered, seen or liked.

No text of a post supports that: it is held against the facts that the run records of the post that is named, by value, so
that a count which happens to stand in another post or in a date is no excuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from assistant.evaluation.measures.wordings import fold
from assistant.evaluation.records import PostRecord

# Behind a title: "” (written 2026-05-01, 3 replies)" or "”: 120 views". How many replies were later no post has as a field.
_BEHIND_TITLE = re.compile(
    r"(?<=”) \((?P<when>(?:written|active) [^()]{1,60}?)?(?:(?(when), )(?P<replies>\d+ repl(?:y|ies)))?"
    r"(?(when)(?:, \d+ later repl(?:y|ies))?)\)"
    r"|(?<=”): (?P<count>\d+ (?:reply|replies|views?|boosts?|votes?))\b"
)
# Counts of all that is stored: no post has them, and a run does not hold what it did not touch.
_OF_THE_INDEX = re.compile(
    r"^(?:(?:Newest|Oldest|With the (?:most|fewest) \w+) of the )?\d+ (?:post|thread|question)s?\b"
    r"|(?<=stored here), \d+ of them(?=:)",
    re.MULTILINE,
)


class Stated(NamedTuple):
    """A field as stated ("3 replies", "written 2026-05-01") and the title before it, folded."""

    title: str
    words: str


def without_fields(text: str) -> str:
    """The text with blanks in the place of all that fields say, of one length with it."""
    return _OF_THE_INDEX.sub(_blank, _BEHIND_TITLE.sub(_blank, text))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def stated_fields(text: str) -> Iterator[Stated]:
    """What a text states of the fields of posts, in order."""
    for match in _BEHIND_TITLE.finditer(text) if "”" in text else ():
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        title = fold(line.partition("“")[2].removesuffix("”")).removesuffix(" …")
        yield from (Stated(title, words) for words in match.groupdict().values() if words)


def _quotes_alike(folded: str) -> str:
    """Quotation marks inside a title are single ones where the title stands in double ones."""
    return folded.replace('"', "'")


def holds(stated: Stated, posts: Iterable[PostRecord]) -> bool:
    """Whether one of these posts has the field so: of those with the title where there is one, else of any."""
    candidates = list(posts)
    title = _quotes_alike(stated.title)
    named = [post for post in candidates if title and _quotes_alike(fold(post.title or post.body)).startswith(title)]
    kind, _, value = stated.words.partition(" ")
    facts = [fact for post in named or candidates for fact in post.facts]
    if kind == "written":
        return any(fact.startswith(value) for fact in facts)
    return (fold(value) if kind == "active" else kind) in map(fold, facts)
