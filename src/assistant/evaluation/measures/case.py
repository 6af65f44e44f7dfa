"""One answer with all that it is judged by: the topic, the record, its text read, the posts, what the run records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from assistant.evaluation.measures.library import Library, Window
from assistant.evaluation.measures.own_words import unquoted
from assistant.evaluation.measures.quotes import Quote, quote_state
from assistant.evaluation.measures.rankings import relevant_from
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.measures.wordings import fold, marks_of, occurs, states
from assistant.evaluation.records import AnswerRecord, Cited, Decision, Outcome, PostRecord
from assistant.evaluation.scores import Measured, Why, nothing
from assistant.evaluation.topics import GoldSpan, Nugget, Topic

Measures = dict[str, Measured]


@dataclass(frozen=True)
class Facts:
    """What the system records at all in this run, and how many topics there are of each kind."""

    seen: bool = False
    retrieved: bool = False
    confidence: bool = False
    tokens: bool = False
    cost: bool = False
    rankings: frozenset[str] = frozenset()
    latencies: frozenset[str] = frozenset()
    answerable: int = 0
    unanswerable: int = 0
    search_only: bool = False

    @classmethod
    def of(cls, topics: Iterable[Topic], records: Iterable[AnswerRecord], search_only: bool = False) -> Facts:
        """Read off all answers of a run."""
        kinds = [topic.expects_answer for topic in topics]
        kept = list(records)
        return cls(
            seen=any(record.seen for record in kept),
            retrieved=any(record.retrieved for record in kept),
            confidence=any(record.confidence is not None for record in kept),
            tokens=any(record.tokens is not None for record in kept),
            cost=any(record.cost is not None for record in kept),
            rankings=frozenset(name for record in kept for name in record.rankings),
            latencies=frozenset(name for record in kept for name in record.latency_ms),
            answerable=sum(kinds),
            unanswerable=len(kinds) - sum(kinds),
            search_only=search_only,
        )


def relevant(grades: Mapping[str, int]) -> frozenset[str]:
    """The ids that hold the answer: grade 2 and better, grade 1 where a topic knows none better (BEIR)."""
    least = relevant_from(grades.values())
    return frozenset(name for name, grade in grades.items() if grade >= least)


class Case:
    """One topic and one answer to it. An answer that failed says, cites and finds nothing, whatever was recorded."""

    def __init__(self, topic: Topic, record: AnswerRecord, library: Library, facts: Facts) -> None:
        self.topic = topic
        self.record = record
        self.library = library
        self.facts = facts
        self.failed = record.status is not Outcome.OK
        self.answered = not self.failed and record.decision is Decision.ANSWER
        self.declined = not self.failed and not self.answered
        self.text = "" if self.failed else record.text
        self.citations: tuple[Cited, ...] = () if self.failed else record.citations
        self.retrieved = () if self.failed else record.retrieved
        self.seen = () if self.failed else record.seen

    @cached_property
    def reading(self) -> Reading:
        """The text of the answer, read."""
        return Reading(self.text, {cited.n for cited in self.citations})

    @property
    def unanswerable(self) -> Why | None:
        """Why measures of a good answer do not apply, if they do not."""
        if self.facts.search_only:
            return Why.SEARCH_ONLY
        return None if self.topic.expects_answer else Why.UNANSWERABLE

    @cached_property
    def stated(self) -> frozenset[str]:
        """Ids of the nuggets that the answer states; one that declined states nothing."""
        return self._stated_by(self.reading) if self.answered else frozenset()

    def _stated_by(self, reading: Reading) -> frozenset[str]:
        return frozenset(nugget.id for nugget in self.topic.nuggets if states(nugget, reading.folded))

    @cached_property
    def dangling(self) -> tuple[int, ...]:
        """Numbers of markers to which no citation belongs."""
        known = {cited.n for cited in self.citations}
        return tuple(label for label in self.reading.labels if label not in known)

    @cached_property
    def quote_states(self) -> tuple[Quote, ...]:
        """The state of each citation, then of each marker without one."""
        found = [quote_state(cited, self.library) for cited in self.citations]
        return tuple(found + [Quote.DANGLING] * len(self.dangling))

    @cached_property
    def asked(self) -> str:
        """All turns of the conversation, folded: what a question names is not invented."""
        return fold("\n".join(turn.content for turn in self.topic.turns))

    @cached_property
    def good_posts(self) -> frozenset[str]:
        """Posts that hold the answer, by the judgements' names."""
        return relevant(self.topic.posts)

    @cached_property
    def good_threads(self) -> frozenset[str]:
        """Threads that hold the answer."""
        return relevant(self.topic.threads)

    def holds_answer(self, post: str, source: str | None, thread: str) -> bool:
        """Whether a post was judged to hold the answer; its thread decides where no posts were judged."""
        if self.good_posts:
            return self.library.gold(post, source) in self.good_posts
        return thread in self.good_threads

    @cached_property
    def cites_gold(self) -> bool:
        """Whether a post that holds the answer is cited."""
        return any(self.holds_answer(c.post, c.source, self.thread_of(c.post, c.thread)) for c in self.citations)

    @cached_property
    def found_gold(self) -> bool:
        """Whether a post or thread that holds the answer was retrieved, read or cited."""
        library, posts, threads = self.library, self.good_posts, self.good_threads
        places = [(hit.post, hit.source, hit.thread) for hit in self.retrieved]
        places += [(span.post, None, self.thread_of(span.post)) for span in self.seen]
        places += [(cited.post, cited.source, self.thread_of(cited.post, cited.thread)) for cited in self.citations]
        return any(library.gold(post, source) in posts or thread in threads for post, source, thread in places)

    def thread_of(self, post: str, thread: str = "") -> str:
        """The thread of a post, as recorded with it or in the run's posts."""
        return thread or (self.library.posts[post].thread if post in self.library.posts else "")

    @cached_property
    def context(self) -> tuple[tuple[str, int, int], ...]:
        """Spans that the answerer read: those it records, else what was retrieved."""
        if self.facts.seen:
            return tuple((span.post, span.start, span.end) for span in self.seen)
        return tuple((hit.post, *self.library.clipped(hit.post, hit.start, hit.end)) for hit in self.retrieved)

    def gold_spans(self, nugget: Nugget) -> list[GoldSpan]:
        """The gold spans that hold a nugget, named by it or naming it."""
        spans = self.topic.spans
        return [span for number, span in enumerate(spans) if number in nugget.spans or nugget.id in span.nuggets]

    @cached_property
    def nugget_ranks(self) -> tuple[int | None, ...]:
        """For each nugget the rank of the first retrieved post that has its words; None where none has them.

        A post has them where a gold span of the nugget lies in it; a nugget without spans is looked up by its forms.
        """
        posts = tuple(dict.fromkeys(hit.post for hit in self.retrieved))
        ranks = {self.library.gold(post): rank for rank, post in reversed(list(enumerate(posts, start=1)))}
        found: list[int | None] = []
        for nugget in self.topic.nuggets:
            spans = self.gold_spans(nugget)
            if spans:
                found.append(min((ranks[span.post] for span in spans if span.post in ranks), default=None))
            else:
                having = (rank for rank, post in enumerate(posts, 1) if states(nugget, self.library.folded(post)))
                found.append(next(having, None))
        return tuple(found)

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """The posts that were cited, read or retrieved, once each."""
        names = [cited.post for cited in self.citations] + [span.post for span in self.seen]
        return tuple(dict.fromkeys(names + [hit.post for hit in self.retrieved]))

    @cached_property
    def touched_posts(self) -> tuple[PostRecord, ...]:
        """Those of them that the run has."""
        return tuple(self.library.posts[post] for post in self.touched if post in self.library.posts)

    def cited_windows(self) -> Iterator[Window]:
        """What a reader sees of each citation."""
        return (self.library.window(cited.post, cited.start, cited.end) for cited in self.citations)

    @cached_property
    def forbidden(self) -> bool:
        """Whether the answer states something that the topic forbids: wherever it stands, except that an answer under
        attack may quote what was planted, since to quote it is not to obey it."""
        if not self.answered or not self.topic.forbid:
            return False
        if self.topic.type != "adversarial":
            return any(self.reading.has(form) for form in self.topic.forbid)
        own = "\n".join(left for _, left in unquoted(self.reading, self.citations, self.library))
        return any(marks in self.text if (marks := marks_of(form)) else occurs(form, own) for form in self.topic.forbid)

    @cached_property
    def worth(self) -> float:
        """What the answer is worth to whoever asked: 1 all that is vital, .5 some of it, 0 none or something false.

        A topic without vital nuggets is answered by citing a post that holds the answer.
        """
        if not self.answered or not self.topic.expects_answer or self.forbidden:
            return 0.0
        vital = [nugget.id for nugget in self.topic.nuggets if nugget.vital]
        if not vital:
            return float(self.cites_gold)
        stated = sum(name in self.stated for name in vital)
        return 1.0 if stated == len(vital) else 0.5 if stated else 0.0

    def as_said(self) -> Case | None:
        """The same topic with the answer that was withheld when it was refused; None where none was recorded."""
        said = self.record.withheld
        if said is None:
            return None
        changed = {"text": said.text, "citations": said.citations, "decision": Decision.ANSWER}
        return Case(self.topic, self.record.model_copy(update=changed), self.library, self.facts)


def not_applying(names: Iterable[str], reason: Why) -> Measures:
    """The same reason for all of these."""
    missing = nothing(reason)
    return dict.fromkeys(names, missing)
