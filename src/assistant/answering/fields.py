"""Questions about the posts themselves: most replies, most viewed, newest, unanswered, how many.

They are answered from the stored fields, never by similarity. The form is narrow on purpose: it must name posts (or
threads, questions, topics) as what is asked for, and a field; anything else is a question about what posts say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from assistant.language.terms import terms
from assistant.retrieval.filters import UNANSWERED

if TYPE_CHECKING:
    from assistant.indexing.generation import Generation


class Kind(StrEnum):
    """What is asked for."""

    POSTS = "posts"
    THREADS = "threads"
    QUESTIONS = "questions"


_NOUN = r"(?:posts?|threads?|questions?|topics?|discussions?|entries)"
_NAMED = re.compile(rf"\b{_NOUN}\b", re.IGNORECASE)
_KIND_OF = {"post": Kind.POSTS, "entr": Kind.POSTS, "ques": Kind.QUESTIONS}
"""What a noun asks for, by its first letters; any other asks for threads."""
_FIRST = "(SELECT row FROM posts AS other WHERE other.thread_id = posts.thread_id ORDER BY other.role = 'reply', row LIMIT 1)"
_OPENERS = f"(role <> 'reply' OR row = {_FIRST})"
"""Condition on table `posts`: questions and articles, and of a thread without any its first reply."""
_SUPERLATIVE = (
    (
        "replies",
        "most",
        r"most (?:replies|answers|responses|answered|replied|discussed|commented)"
        r"|(?:repli|answer|discuss|comment)\w*(?: the)? most",
    ),
    ("replies", "fewest", r"(?:fewest|least) (?:replies|answers|responses)"),
    ("views", "most", r"(?:most|highest) (?:view\w*|popular|read)|most[- ]viewed|view\w*(?: the)? most"),
    ("views", "fewest", r"(?:fewest|least) view\w*|least[- ]viewed"),
    ("boosts", "most", r"(?:most|highest) (?:boost\w*|upvote\w*|likes?|liked)"),
    ("score", "most", r"(?:highest|best|top)[- ](?:score\w*|vote\w*|rated)|most votes"),
    ("recency", "most", r"(?:newest|latest|most recent|most recently \w+|last)"),
    ("recency", "fewest", r"(?:oldest|earliest|first)"),
)
_UNANSWERED = re.compile(
    r"\b(?:unanswered|(?:no|zero|without(?: any| a)?|0) (?:repl(?:y|ies)|answers?|responses?)|not (?:been )?answered"
    r"|never (?:been )?answered|nobody (?:has )?(?:answered|replied))\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(
    rf"^\W*how many (?:\w+ ){{0,2}}{_NOUN}\b(?!\s+(?:can|could|does|do|did|should|may|must|will)\b)", re.IGNORECASE
)
_OPENING = r"^\W*(?:(?:what|which)(?:'s| is| are| was| were)?|show|list|find|name)?(?: me)?\s?(?:the )?(?:top )?(?:\d+ |\w+ )?"
_LISTING = re.compile(rf"^\W*(?:which|what|list|show|any|are there)\b[^?]{{0,60}}\b{_NOUN}\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"\b(?:about|on|regarding|concerning|tagged(?: with| as)?|under|mention(?:s|ing|ed)?|with the tag|in the tag)\s+"
    r"(?:the |a |an )?[\"“']?(?P<subject>[^?\"”']{2,80}?)[\"”']?(?:\s+(?:are|is|have|has|were|was|do|does|got|get)\b|[?.!]|$)",
    re.IGNORECASE,
)
_LEADING_NUMBER = re.compile(
    rf"\b(?:top|the|which|list|show|me)\s(\d{{1,2}}|two|three|five|ten)\s(?:\w+[- ]){{0,3}}{_NOUN}", re.IGNORECASE
)
_ASKED_ABOUT = re.compile(
    r"^\W*what(?: is| was| were| has been| have been| did people| have people) (?:being )?"
    r"(?:asked|ask|posted|post|discussed|discuss|reported|report)\b[^?]{0,40}\babout\b",
    re.IGNORECASE,
)
_WITHIN = (
    (re.compile(r"\b(?:today|last 24 hours|last day)\b", re.IGNORECASE), 24),
    (re.compile(r"\b(?:since )?yesterday\b", re.IGNORECASE), 48),
    (re.compile(r"\b(?:in |during |over )?(?:the )?(?:last|past|this) (?:week|7 days|few days)\b", re.IGNORECASE), 7 * 24),
    (re.compile(r"\b(?:in |during |over )?(?:the )?(?:last|past|this) (?:month|30 days|few weeks)\b", re.IGNORECASE), 31 * 24),
    (re.compile(r"\b(?:in |during |over )?(?:the )?(?:last|past|this) (?:year|12 months)\b", re.IGNORECASE), 366 * 24),
)
_WORDS_AS_NUMBERS = {"two": 2, "three": 3, "five": 5, "ten": 10}
_AGE = re.compile(r"(\d+)\s*(m|h|d|w)")
_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s*(?:['’](\d{2})|(\d{4}))$", re.IGNORECASE)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MOST_SHOWN = 20
LONGEST_QUESTION = 400


@dataclass(frozen=True, slots=True)
class FieldQuestion:
    """A question about the posts: which `field` decides, the largest or smallest first, or how many there are.

    `kind` is POSTS only where posts are to be counted: a field, or that nobody replied, is a thread's.
    """

    field: str | None
    smallest_first: bool
    unanswered: bool
    counting: bool
    subject: str
    wanted: int
    within_hours: int | None = None
    kind: Kind = Kind.THREADS


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """What the fields say: how many there are of the kind asked for, and rows of some of them, in order."""

    asked: FieldQuestion
    count: int
    rows: tuple[int, ...]


def parse(text: str) -> FieldQuestion | None:
    """The field question that `text` is, None if it asks for something else."""
    # Field questions are short; a pasted log is none, and must not keep the patterns busy.
    text, within_hours = _without_period(" ".join(text[:LONGEST_QUESTION].split()))
    unanswered = bool(_UNANSWERED.search(text))
    counting = bool(_HOW_MANY.search(text))
    field, smallest = _superlative(text)
    if field is None and _ASKED_ABOUT.search(text):
        subject = match["subject"].strip() if (match := _ABOUT.search(text)) else ""
        return FieldQuestion("recency", False, unanswered, False, subject, 10, within_hours, _kind(text))
    if not (field or counting or (unanswered and _LISTING.search(text))):
        return None
    subject = match["subject"].strip() if (match := _ABOUT.search(text)) else ""
    counting = counting and field is None
    kind = _kind(text, posts=counting and not unanswered)
    return FieldQuestion(field, smallest, unanswered, counting, subject, _wanted(text, field), within_hours, kind)


def _kind(text: str, *, posts: bool = False) -> Kind:
    """What is asked for, by the first noun for it; posts only where told so."""
    match = _NAMED.search(text)
    kind = _KIND_OF.get(match[0][:4].lower(), Kind.THREADS) if match else Kind.THREADS
    return Kind.THREADS if kind is Kind.POSTS and not posts else kind


def _without_period(text: str) -> tuple[str, int | None]:
    """The question without its words for a period, and that period in hours."""
    for pattern, hours in _WITHIN:
        if pattern.search(text):
            return pattern.sub("", text), hours
    return text, None


def _superlative(text: str) -> tuple[str | None, bool]:
    for field, direction, pattern in _SUPERLATIVE:
        before = rf"^\W*(?:which|what|show|list|find|name)\b[^?]{{0,20}}\b{_NOUN}\b[^?]{{0,30}}\b(?:{pattern})\b"
        after = rf"{_OPENING}(?:{pattern})\s+(?:\w+\s){{0,2}}{_NOUN}\b"
        if re.search(before, text, re.IGNORECASE) or re.search(after, text, re.IGNORECASE):
            return field, direction == "fewest"
    return None, False


def _wanted(text: str, field: str | None) -> int:
    if match := _LEADING_NUMBER.search(text):
        return min(MOST_SHOWN, int(_WORDS_AS_NUMBERS.get(match[1].lower(), 0) or match[1]))
    plural = re.search(r"\b(?:posts|threads|questions|topics|discussions|entries)\b", text, re.IGNORECASE)
    if field is None:
        return 10
    return 3 if plural else 1


def age_hours(activity: str | None) -> float | None:
    """How long ago an age as written lies, in hours: `47m`, `9h`, `2d`, `2w`, or a month such as `Aug ’25`.

    A page shows months for what lies further back than its weeks, so months are counted from far behind them.
    """
    if not activity:
        return None
    if match := _AGE.fullmatch(activity.strip()):
        return int(match[1]) * _HOURS[match[2]]
    if match := _MONTH.fullmatch(activity.strip()):
        year = int(match[2] or match[3]) % 100
        months_to_2100 = (100 - year) * 12 - _MONTHS.index(match[1].lower())
        return months_to_2100 * 730.0
    return None


class Fields:
    """Answers field questions from one generation."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def answer(self, asked: FieldQuestion, allowed: Sequence[int] | None = None) -> FieldAnswer:
        """Count and rows among those `allowed` (None: all); no rows where no post fits or none has the field."""
        passing = None if allowed is None else set(allowed)
        rows = [row for row in self._rows(asked) if passing is None or row in passing]
        if asked.within_hours is not None:
            ages = self._ages(rows)
            rows = [row for row in rows if (age := ages[row]) is not None and age <= asked.within_hours]
        # A thread may begin with several posts: an edited one, or an article and what was asked of it.
        each = rows if asked.kind is Kind.POSTS else self._one_a_thread(rows)
        if asked.counting or asked.field is None:
            return FieldAnswer(asked, len(each), tuple(each[: asked.wanted]))
        keyed = [(value, row) for row, value in self._values(rows, asked.field).items() if value is not None]
        keyed.sort(key=lambda pair: (pair[0] if asked.smallest_first else -pair[0], pair[1]))
        return FieldAnswer(asked, len(each), tuple(row for _, row in keyed[: asked.wanted]))

    def _one_a_thread(self, rows: Sequence[int]) -> list[int]:
        """The first of the rows of each thread."""
        posts = zip(rows, self._generation.posts.posts(rows), strict=True)
        return list({post.thread_id: row for row, post in reversed(list(posts))}.values())[::-1]

    def _rows(self, asked: FieldQuestion) -> list[int]:
        """The posts that the kind, the condition and the subject leave, in order of rows."""
        every = {Kind.POSTS: "TRUE", Kind.QUESTIONS: "role = 'question'", Kind.THREADS: _OPENERS}[asked.kind]
        condition = f"{every} AND {UNANSWERED}" if asked.unanswered else every
        statement = f"SELECT row, thread_id, tags FROM posts WHERE {condition} ORDER BY row"  # noqa: S608
        found = {row["row"]: row for row in self._generation.posts.query(statement)}
        if not asked.subject:
            return list(found)
        # A tag is a thread's, whichever of its posts has it.
        tag = f'"{asked.subject.casefold()}"'
        tagged = {row["thread_id"] for row in found.values() if tag in row["tags"].casefold()}
        if tagged:
            return [row for row, post in found.items() if post["thread_id"] in tagged]
        return [row for row in self._holders(asked.subject) if row in found]

    def _holders(self, subject: str) -> list[int]:
        """Rows of the posts that hold every term of `subject`."""
        lexical = self._generation.lexical
        sets = [set(lexical.holders(term).tolist()) for term in terms(subject)]
        return sorted(set.intersection(*sets)) if sets else []

    def _values(self, rows: Sequence[int], field: str) -> dict[int, float | None]:
        posts = self._generation.posts.posts(rows)
        if field != "recency":
            return {row: getattr(post, field) for row, post in zip(rows, posts, strict=True)}
        return {row: None if age is None else -age for row, age in self._ages(rows).items()}

    def _ages(self, rows: Sequence[int]) -> dict[int, float | None]:
        """Hours since each post was written (since the newest of them, where dates are known), else since its activity."""
        posts = dict(zip(rows, self._generation.posts.posts(rows), strict=True))
        dates = {row: _date(post.created) for row, post in posts.items()}
        newest = max((date for date in dates.values() if date is not None), default=None)
        if newest is None:
            return {row: age_hours(post.activity) for row, post in posts.items()}
        return {row: None if date is None else (newest - date).total_seconds() / 3600 for row, date in dates.items()}


def _date(created: str | None) -> datetime | None:
    """An ISO date, or year and month, as a moment; without a zone it is taken as UTC."""
    if not created:
        return None
    try:
        moment = datetime.fromisoformat(created if len(created) > 7 else f"{created[:7]}-01")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
