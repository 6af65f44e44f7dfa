"""Variants of a topic that must not change what is answered: a typo, other case, a greeting, no punctuation, other order.

Identifiers stay as they are. Variants are a function of the topic and the seed. A variant has the judgements of its
topic and belongs to the same cluster; a run over both tells how often decision and nuggets stay the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.evaluation.sets.imported import write_derived
from assistant.evaluation.sets.reading import SetReading
from assistant.evaluation.topics import Topic
from assistant.language.segments import sentences
from assistant.language.terms import is_identifier

if TYPE_CHECKING:
    from numpy.random import Generator

SHORTEST_TYPO = 5
METHOD = "metamorphic"
_WORD = re.compile(r"(?<!\S)[(\[\"'“‘]*(?P<word>[^\W\d_]+)[.,;:?!)\]\"'”’…]*(?!\S)")
_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")
_CAPITALS = re.compile(r"[A-Z]{2,}")


def vary(topic: Topic, seed: int = 0) -> tuple[Topic, ...]:
    """The variants of a topic that differ from it, by name of the change; their id is `ID~CHANGE`."""
    return tuple(
        _variant(topic, change, question)
        for change, made in CHANGES.items()
        if (question := made(topic.question, _chance(topic.id, change, seed))) != topic.question and question.strip()
    )


def _variant(topic: Topic, change: str, question: str) -> Topic:
    values: dict[str, Any] = {
        "id": f"{topic.id}~{change}",
        "tags": (*topic.tags, METHOD, change),
        "turns": (*topic.turns[:-1], topic.turns[-1].model_copy(update={"content": question})),
        "standalone": topic.standalone if topic.history else None,
        "cluster": topic.cluster_id,
        "pair_of": topic.id,
        "must_pass": False,
        "lex_overlap": None,
        "provenance": {"method": f"{METHOD}:{topic.id}"},
    }
    return topic.model_copy(update=values)


def _chance(topic: str, change: str, seed: int) -> Generator:
    from numpy.random import default_rng

    digest = hashlib.sha256(f"{seed}\x1f{change}\x1f{topic}".encode()).digest()
    return default_rng(int.from_bytes(digest[:8], "big"))


def words_of(text: str) -> list[tuple[int, int]]:
    """Where the plain words of a text stand: between white space, of letters only but for punctuation around them, no
    identifier, no abbreviation, nothing inside quotation marks."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    return [
        match.span("word")
        for match in _WORD.finditer(text)
        if not is_identifier(match["word"])
        and not _CAPITALS.search(match["word"])
        and not any(start <= match.start("word") < end for start, end in quoted)
    ]


def typo(text: str, chance: Generator) -> str:
    """Two neighbouring letters inside one word without a capital are swapped. The text itself where no word is long enough."""
    long = [(start, end) for start, end in words_of(text) if end - start >= SHORTEST_TYPO and text[start].islower()]
    places = [at for start, end in long for at in range(start + 1, end - 1) if text[at].lower() != text[at + 1].lower()]
    if not places:
        return text
    at = places[int(chance.integers(len(places)))]
    return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def lower_case(text: str, _: Generator) -> str:
    """All plain words in small letters."""
    return _each_word(text, str.lower)


def upper_case(text: str, _: Generator) -> str:
    """All plain words in capitals."""
    return _each_word(text, str.upper)


def _each_word(text: str, change: Callable[[str], str]) -> str:
    for start, end in reversed(words_of(text)):
        text = text[:start] + change(text[start:end]) + text[end:]
    return text


def polite(text: str, chance: Generator) -> str:
    """A greeting before it and thanks behind it."""
    greetings, thanks = ("Hi all,", "Hello,", "Good morning,"), ("Thanks!", "Thank you in advance.", "Many thanks")
    return f"{greetings[int(chance.integers(3))]} {text} {thanks[int(chance.integers(3))]}"


def unpunctuated(text: str, _: Generator) -> str:
    """Without commas, question marks and full stops at the end of words; those inside names and numbers stay."""
    return re.sub(r"(?<=\w)[,;:?!.]+(?=\s|$)", "", text)


def reordered(text: str, _: Generator) -> str:
    """The last sentence first: what is asked before what it is about."""
    parts = [text[span.start : span.end] for span in sentences(text)]
    return " ".join([parts[-1], *parts[:-1]]) if len(parts) > 1 else text


CHANGES: dict[str, Callable[[str, Generator], str]] = {
    "typo": typo,
    "lower": lower_case,
    "upper": upper_case,
    "polite": polite,
    "unpunctuated": unpunctuated,
    "reordered": reordered,
}


def write_varied(reading: SetReading, out: Path, seed: int = 0) -> int:
    """Write a set folder with the topics of a set and their variants; how many variants. Raises EvaluationError."""
    topics = reading.faultless()
    variants = {topic.id: vary(topic, seed) for topic in topics.topics}
    every = tuple(one for topic in topics.topics for one in (topic, *variants[topic.id]))
    write_derived(reading, f"{topics.name}-varied", every, out)
    return sum(map(len, variants.values()))
