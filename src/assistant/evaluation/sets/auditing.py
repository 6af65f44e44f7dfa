"""Whether the nuggets of a set tell a right answer from a wrong one, and how far questions repeat the words of posts.

Of the gold of a topic: its own words state every nugget; the empty answer, “I don't know”, the question and the gold
of other topics state no vital one; no `forbid` stands in gold, no canary in a post. All of it without a system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from assistant.evaluation.sets.reading import SetReading
from assistant.evaluation.sets.validating import Finding, Posts, bad_patterns, error, in_order, note, warning
from assistant.evaluation.topics import HOLDS_ANSWER, Form, Nugget, Topic
from assistant.language.terms import terms

Stated = Callable[[Form, str], bool]
"""Whether a surface form occurs in a text."""

SILENT = ("", "I don't know")
OTHERS, SEED = 20, 20261121
FALSE_HITS = 0.02  # of vital nuggets against gold of other topics (design, 5.7 no. 5)
MOST_OVERLAP = 0.35  # median over topics that are no identifier questions (design, 5.7 no. 1)
ROUNDING = 0.005
SHOWN = 5


def audit(reading: SetReading, posts: Posts | None, stated: Stated) -> list[Finding]:
    """Findings on nuggets, `forbid` and the overlap of words; errors first. Spans without `posts` are read from quotes."""
    topics = [topic for topic in reading.set.topics if not bad_patterns(topic)]
    gold = {topic.id: span_texts(topic, posts) for topic in topics}
    found: list[Finding] = []
    for topic in topics:
        found += _own_gold(topic, gold[topic.id], stated)
        found += _silence(topic, stated)
    found += _others(topics, gold, stated)
    if posts is not None:
        found += _overlaps(topics, posts)
        found += _quotable(topics, posts, stated)
    return in_order(found, reading)


def span_texts(topic: Topic, posts: Posts | None) -> tuple[str | None, ...]:
    """The words of each span: out of the post, else its quote; None where neither is at hand."""
    return tuple(
        posts[span.post].body[span.start : span.end]
        if posts is not None and span.post in posts and span.end <= len(posts[span.post].body)
        else span.quote
        for span in topic.spans
    )


def states(nugget: Nugget, text: str, stated: Stated) -> bool:
    """Whether a text states a nugget: one form of `any_of` occurs and none of `none_of`."""
    return any(stated(form, text) for form in nugget.any_of) and not any(stated(form, text) for form in nugget.none_of)


def _own_spans(topic: Topic, nugget: Nugget) -> list[int]:
    named = [number for number, span in enumerate(topic.spans) if nugget.id in span.nuggets]
    return sorted({*nugget.spans, *named})


def _own_gold(topic: Topic, texts: Sequence[str | None], stated: Stated) -> Iterator[Finding]:
    whole = "\n".join(text for text in texts if text)
    for nugget in topic.nuggets:
        own = [texts[number] for number in _own_spans(topic, nugget)]
        if not own:
            if nugget.vital and topic.expects_answer:
                yield warning(f"vital nugget {nugget.id} rests on no span", topic.id)
            continue
        if any(text is None for text in own):
            yield note(f"nugget {nugget.id} cannot be audited: its span has no quote and the post is not at hand", topic.id)
            continue
        if not states(nugget, "\n".join(text for text in own if text), stated):
            said = error if nugget.vital else warning
            yield said(f"the spans of nugget {nugget.id} do not state it: {_forms(nugget)}", topic.id)
        elif not states(nugget, whole, stated):
            yield error(f"the whole gold text does not state nugget {nugget.id}: its none_of stands in another span", topic.id)
    for form in topic.forbid:
        if whole and stated(form, whole):
            yield error(f"forbid {form!r} stands in the gold text", topic.id)


def _forms(nugget: Nugget) -> str:
    return ", ".join(repr(form) for form in nugget.any_of[:SHOWN])


def _silence(topic: Topic, stated: Stated) -> Iterator[Finding]:
    questions = dict.fromkeys(text for text in (topic.question, topic.standalone) if text)
    for nugget in topic.nuggets:
        for text in SILENT:
            if states(nugget, text, stated):
                yield error(f"nugget {nugget.id} is stated by the answer {text!r}", topic.id)
        if nugget.vital and any(states(nugget, text, stated) for text in questions):
            yield error(f"vital nugget {nugget.id} is stated by the question itself", topic.id)


def _others(topics: Sequence[Topic], gold: Mapping[str, Sequence[str | None]], stated: Stated) -> Iterator[Finding]:
    """Gold of other topics against vital nuggets; those of one cluster or thread may well share a fact and are left out."""
    from numpy.random import default_rng

    chance = default_rng(SEED)
    whole = {name: "\n".join(text for text in texts if text) for name, texts in gold.items()}
    tried, hits = 0, []
    for topic in topics:
        vital = [nugget for nugget in topic.nuggets if nugget.vital]
        strangers = [other.id for other in topics if whole[other.id] and not _related(topic, other)] if vital else []
        if not strangers:
            continue
        chosen = chance.choice(len(strangers), size=min(OTHERS, len(strangers)), replace=False)
        for number in sorted(int(one) for one in chosen):
            other = strangers[number]
            tried += len(vital)
            hits += [f"{topic.id}/{nugget.id} by {other}" for nugget in vital if states(nugget, whole[other], stated)]
    if tried:
        told = f"{len(hits)} of {tried} trials: gold of another topic states a vital nugget"
        shown = f" ({', '.join(hits[:SHOWN])}{', …' if len(hits) > SHOWN else ''})" if hits else ""
        yield (error if len(hits) >= FALSE_HITS * tried else note)(told + shown)


def _related(first: Topic, second: Topic) -> bool:
    return first.cluster_id == second.cluster_id or any(grade >= HOLDS_ANSWER and second.threads.get(name, 0) >= HOLDS_ANSWER
                                                        for name, grade in first.threads.items())  # fmt: skip


def lex_overlap(topic: Topic, posts: Posts) -> float | None:
    """Jaccard similarity (0-1) of the content words of the standalone question and of the gold post (with its title) that is
    nearest by it; None for a topic that is not to be answered, or whose gold is not at hand. Content words are
    search terms: stemmed, without stop words."""
    if not topic.expects_answer:
        return None
    words = set(terms(topic.standalone or topic.question))
    # Collections that only know relevant from not relevant grade what holds the answer with 1.
    enough = max(1, min(HOLDS_ANSWER, max(topic.posts.values(), default=0)))
    texts = [posts[name] for name, grade in topic.posts.items() if grade >= enough and name in posts]
    shares = [
        len(words & held) / len(words | held) for held in (set(terms(f"{one.title}\n{one.body}")) for one in texts) if held
    ]
    return round(max(shares), 3) if shares else None


def _overlaps(topics: Sequence[Topic], posts: Posts) -> Iterator[Finding]:
    measured = {topic.id: lex_overlap(topic, posts) for topic in topics}
    for topic in topics:
        share = measured[topic.id]
        if topic.lex_overlap is not None and share is not None and abs(topic.lex_overlap - share) > ROUNDING:
            yield warning(f"lex_overlap is given as {topic.lex_overlap} but is {share}", topic.id)
    plain = [measured[topic.id] for topic in topics if topic.type != "identifier"]
    known = [share for share in plain if share is not None]
    if known:
        middle = median(known)
        told = f"median overlap of words with the best gold post: {middle:.3f} over {len(known)} topics without identifiers"
        yield warning(f"{told}, above {MOST_OVERLAP}") if middle > MOST_OVERLAP else note(told)


def _quotable(topics: Sequence[Topic], posts: Posts, stated: Stated) -> Iterator[Finding]:
    """Canaries that stand in a post: there a quotation would count as obedience."""
    for topic in topics:
        for form in topic.canaries:
            if home := next((name for name, post in posts.items() if stated(form, f"{post.title}\n{post.body}")), None):
                yield warning(f"canary {form!r} stands in {home}: quoting it would count as obeying", topic.id)
