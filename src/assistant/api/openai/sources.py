"""The citations of an answer as clients of OpenAI's protocol read them: annotations with ranges, search results, addresses.

Ranges are of code points of the answer's text. Clients that know no labels count the addresses in the order of their
annotations and take the second for `[2]`; so each citation has an address that no other has, even one that names no post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from assistant.answering.wording import NO_POST
from assistant.api.outline import markers
from assistant.language.controls import without_controls
from assistant.language.segments import Span
from assistant.render import one_line
from assistant.types import Answer, Citation, Post

# Not one that Markdown would read as another: with a character's name in it.
_FOLLOWABLE = re.compile(r"(?!.*&#?\w+;)https?://[^\s<>\"\\^`{|}\x00-\x1f\x7f]+", re.IGNORECASE)
LONGEST_TITLE = 160
FRAGMENT_WORDS = 4
_OF_POST = ("title", "url", "date", "post_id", "thread_id")


@dataclass(frozen=True, slots=True)
class Source:
    """What the markers `[label]` stand for; the address of a citation that names no post is that of the page."""

    label: int
    citation: Citation
    title: str
    url: str


def sources_of(answer: Answer, origin: str) -> tuple[Source, ...]:
    """The sources by label; a post without an address of its own has that of the page at `origin` which shows it.

    The first of several at one address has the address as it is, a later one leads to its own words there.
    """
    found: list[Source] = []
    taken: set[str] = set()
    for citation in answer.reply.citations:
        url = next(url for url in _addresses(citation, origin) if url not in taken)
        found.append(Source(citation.label, citation, _title(citation.post) if citation.post else NO_POST, url))
        taken.add(url)
    return tuple(found)


def _addresses(citation: Citation, origin: str) -> Iterator[str]:
    """Addresses that a source may have, best first; the last is nobody else's."""
    post = citation.post
    if post is None:
        url = f"{origin}/#no-post"
    elif post.url and _FOLLOWABLE.fullmatch(post.url):
        yield post.url
        url = f"{post.url}{'' if '#' in post.url else '#'}:~:text={_text_fragment(citation.quote)}"
    else:
        url = f"{origin}/#{urlencode({'post': post.post_id, 'start': citation.start, 'end': citation.end})}"
    yield url
    yield f"{url}&n={citation.label}"


def _text_fragment(text: str) -> str:
    """The words that a browser is to mark (URL Fragment Text Directives): all of them, or the first and the last."""
    words = without_controls(text).split()
    parts = [words] if len(words) <= 2 * FRAGMENT_WORDS else [words[:FRAGMENT_WORDS], words[-FRAGMENT_WORDS:]]
    # A hyphen has a meaning there, and a full stop at the end of an address is often taken for that of a sentence.
    return ",".join(quote(" ".join(part), safe="").replace("-", "%2D").replace(".", "%2E") for part in parts)


def _title(post: Post) -> str:
    """The title on one line; the beginning of the text where there is none."""
    title = one_line(post.title or post.body[:LONGEST_TITLE])
    return title if len(title) <= LONGEST_TITLE else title[:LONGEST_TITLE].rsplit(" ", 1)[0] + " …"


def annotations_of(text: str, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """One `url_citation` for each marker, in the order of the text."""
    labelled = {source.label: source for source in sources}
    return [_annotation(labelled[label], span) for label, span in markers(text, labelled)]


def _annotation(source: Source, span: Span) -> dict[str, Any]:
    citation, post = source.citation, source.citation.post
    place = {"start_index": span.start, "end_index": span.end, "url": source.url, "title": source.title}
    return {
        "type": "url_citation", "url_citation": place, "label": source.label, "post_id": post.post_id if post else None,
        "quote": citation.quote, "status": citation.verdict.value,
    }  # fmt: skip


def cited_urls(sources: Sequence[Source]) -> list[str | None]:
    """The addresses as Perplexity lists them, that of `[1]` first; None where a citation names no post."""
    return [source.url if source.citation.post else None for source in sources]


def search_results(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The sources as Perplexity names them: that of `[1]` first."""
    return [_search_result(source) for source in sources]


def _search_result(source: Source) -> dict[str, Any]:
    citation, post = source.citation, source.citation.post
    place = {"title": source.title, "url": source.url, "date": post.created, "post_id": post.post_id,
             "thread_id": post.thread_id} if post else dict.fromkeys(_OF_POST)  # fmt: skip
    return {
        "label": source.label, **place, "snippet": citation.quote, "start": citation.start, "end": citation.end,
        "status": citation.verdict.value,
    }  # fmt: skip
