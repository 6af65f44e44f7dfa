"""The words around quotations: who reports, when, how often answered; refusals; answers about fields.

Quoted text goes into Markdown, where a bracket or an angle could become a marker, a link, an image or a tag. `quoted`
takes that power from it; the citation keeps the exact characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.fields import FieldAnswer, FieldQuestion
from assistant.language.controls import without_controls
from assistant.types import Near, Post, Refusal, Role

_ACTIVE = re.compile(r"([\[\]<\\`&])")
# What would open a heading, a list, a quotation or a table at the beginning of a line.
_OPENER = re.compile(r"^(\d{0,9})([#>*+=~|.)-])")
UNSUPPORTED = "⟨not in the cited words⟩"
UNCITED = "⟨no source⟩"
DANGLING = "⟨cites no post⟩"
CUT_OFF = "⟨cut off⟩"
MARKS = (UNSUPPORTED, UNCITED, DANGLING, CUT_OFF)
"""What follows a sentence that must not be taken for what the posts say."""

GAP = "… "
"""Before words of a post that others of the same post stand before, which are not quoted."""

NO_POST = "names no post that was found"
NOT_SAID = "does not say so"
"""What is said of a source: that there is none of this number, that its words do not bear the sentence out."""

EMPTY_INDEX = (
    "The index is empty: no post is stored here yet. Name files or folders with posts: `assistant index PATH`; "
    "`assistant index --explain PATH` says what is read."
)

NEAREST_SHOWN = 3
LONGEST_TITLE = 160
_DOUBLE_QUOTES = str.maketrans("“”„‟«»", "‘’‚‛‹›")
_QUOTED_STRAIGHT = re.compile(r'(?<!\w)"([^"]*)"(?!\w)')


def quoted(text: str) -> str:
    """Text of a post as inert Markdown on one line, without control characters."""
    inert = " ".join(_ACTIVE.sub(r"\\\1", without_controls(text)).split())
    return _OPENER.sub(r"\1\\\2", inert)


def title_of(post: Post) -> str:
    """What a post goes by, in quotation marks; those inside it become single ones."""
    return in_marks(heading(post))


def heading(post: Post) -> str:
    """What a post goes by: its title, or the beginning of its text where it has none; shortened at a word, on one line."""
    # Of a long text no more is looked at than can be shown, blanks apart.
    text = " ".join((post.title or post.body[: 10 * LONGEST_TITLE]).split())
    if len(text) <= LONGEST_TITLE:
        return text
    whole = text[: LONGEST_TITLE + 1].rsplit(" ", 1)[0]
    return whole[:LONGEST_TITLE] + " …"


def in_marks(title: str) -> str:
    """A title as inert Markdown in quotation marks; those inside it become single ones."""
    inner = _QUOTED_STRAIGHT.sub(r"‘\1’", title.translate(_DOUBLE_QUOTES))
    return f"“{quoted(inner)}”"


def circumstances(post: Post, later: int = 0) -> str:
    """Date and counts of a post, in brackets, and how many replies followed it; nothing that is not known."""
    known = []
    if post.created:
        known.append(f"written {post.created[:10]}")
    elif post.activity:
        known.append(f"active {quoted(post.activity)}")
    if post.replies is not None:
        known.append("1 reply" if post.replies == 1 else f"{post.replies} replies")
    if later and post.created:
        known.append("1 later reply" if later == 1 else f"{later} later replies")
    return f" ({', '.join(known)})" if known else ""


def what_it_is(post: Post) -> str:
    """What a model is told of a passage: title, who speaks, and what is known of the post."""
    kind = "accepted answer" if post.accepted else post.role.value
    return f"{title_of(post)}, {kind}{circumstances(post)}"


def lead(post: Post, later: int = 0) -> str:
    """The words before the quotations of one post: a post is a person's statement, not a fact, and a reply that others have
    followed (`later`) may not be the last word, unless it was accepted."""
    if post.role is Role.ARTICLE:
        speaker = "the article says"
    elif post.role is Role.REPLY:
        speaker = "the accepted answer says" if post.accepted else "a reply says"
    else:
        speaker = "the poster reports"
    may_be_corrected = post.role is Role.REPLY and not post.accepted
    return f"In {title_of(post)}{circumstances(post, later if may_be_corrected else 0)}, {speaker}:"


def block(post: Post, runs: Sequence[Sequence[tuple[str, int]]], later: int = 0) -> str:
    """One post's quotations: runs of neighbouring sentences, each sentence with its label, each gap shown."""
    lines = [" ".join(f"{quoted(text)} [{label}]" for text, label in run) for run in runs]
    return f"{lead(post, later)}\n\n> " + f"\n>\n> {GAP}".join(lines)


def nothing_asked(threads: int) -> str:
    """There is nothing to look up in the question; what could be asked instead."""
    if not threads:
        return EMPTY_INDEX
    stored = "thread" if threads == 1 else f"{threads} threads"
    return (
        f"There is no question here to look up. Ask what was said in the {stored} stored here, as you would ask a colleague, "
        "or for the posts themselves: the newest, the most viewed, those without a reply."
    )


def refused(reason: Refusal, nearest: Sequence[Near], post: Post | None = None) -> str:
    """What is missing, and where to look."""
    if reason is Refusal.ASKED_NOT_ANSWERED and post is not None:
        opening = f"This was raised in {title_of(post)}{circumstances(post)}, but the posts stored here hold no answer to it."
    elif reason is Refusal.MODEL_FOUND_NONE:
        opening = "The model found no answer to this in the posts that come nearest."
    elif reason is Refusal.MODEL_STOPPED:
        opening = "The model stopped before it had written a sentence."
    elif reason is Refusal.NOTHING_SUPPORTED:
        opening = "Of what the model wrote nothing is supported by the posts, so none of it is shown."
    else:
        opening = "The posts stored here do not answer this."
    if not nearest:
        return opening
    titles = "\n".join(f"- {in_marks(near.title)}" for near in nearest[:NEAREST_SHOWN])
    return f"{opening} The nearest threads:\n\n{titles}"


_FIELD_NOUN = {"replies": ("reply", "replies"), "views": ("view", "views"), "boosts": ("boost", "boosts"),
               "score": ("vote", "votes")}  # fmt: skip


def field_line(post: Post, field: str | None, label: int) -> str:
    """One post of an answer about fields."""
    value = getattr(post, field) if field in _FIELD_NOUN else None
    if field in _FIELD_NOUN and value is not None:
        one, many = _FIELD_NOUN[field]
        return f"{title_of(post)}: {value} {one if value == 1 else many} [{label}]"
    return f"{title_of(post)}{circumstances(post)} [{label}]"


def field_lead(answer: FieldAnswer) -> str:
    """The words before the posts of an answer about fields."""
    asked = answer.asked
    about = f" about {in_marks(asked.subject)}" if asked.subject else ""
    if asked.field is None or asked.counting:
        shown = "" if answer.count <= len(answer.rows) else f", {len(answer.rows)} of them"
        return f"{answer.count} {_kind(asked, answer.count)}{about} stored here{shown}:"
    extreme = "fewest" if asked.smallest_first else "most"
    what = {"recency": "Oldest" if asked.smallest_first else "Newest"}.get(asked.field, f"With the {extreme} {asked.field}")
    return f"{what} of the {answer.count} {_kind(asked, answer.count)}{about} stored here:"


def _kind(asked: FieldQuestion, count: int) -> str:
    """What is asked for, as so many of them are called."""
    noun = asked.kind.removesuffix("s") if count == 1 else str(asked.kind)
    return f"{noun} without a known reply" if asked.unanswered else noun


def field_none(answer: FieldAnswer) -> str:
    """No post fits a question about fields."""
    asked = answer.asked
    conditions = [f"about {in_marks(asked.subject)}"] if asked.subject else []
    conditions += ["without a known reply"] if asked.unanswered else []
    conditions += ["as recent as asked"] if asked.within_hours is not None else []
    return f"None of the {asked.kind} stored here is {' and '.join(conditions) or 'of this kind, or none has this field'}."
