"""The nouns of the program, frozen and without I/O: what a reader yields, what an index holds, what an answer is.

Offsets are half-open ranges of code points in `Post.body`, the canonical text; `body[start:end]` is always the text
that the object beside them carries. Ratios and scores are 0-1 unless a docstring says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath


class Part(StrEnum):
    """A component that can be switched off, to see what it is worth. The first three decide how an index is made."""

    CHUNKS = "chunks"
    TITLES = "titles"
    IDENTIFIERS = "identifiers"
    DENSE = "dense"
    LEXICAL = "lexical"
    PAIRS = "pairs"
    EXACT = "exact"
    COVERAGE = "coverage"
    SPELLING = "spelling"
    COPIES = "copies"
    SKIMMING = "skimming"
    FRAMES = "frames"
    REPLIES = "replies"
    FIELDS = "fields"
    MARKING = "marking"
    CHECKING = "checking"
    MASKING = "masking"
    ADDRESSES = "addresses"


Parts = frozenset[Part]
"""Parts that are switched off; empty for the program as it is."""
NONE: Parts = frozenset()
INDEX_PARTS: Parts = frozenset({Part.CHUNKS, Part.TITLES, Part.IDENTIFIERS})
"""Parts that decide how an index is made; the others decide how it is asked."""


class Role(StrEnum):
    """What a post is in its thread."""

    QUESTION = "question"
    REPLY = "reply"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class Source:
    """A place where a post stands: file and 1-based line; `root` is the file or folder that was indexed."""

    path: str
    line: int
    root: str | None = field(default=None, compare=False)

    @property
    def below(self) -> str:
        """The path from what was indexed on: `posts/page.html` where that was `/srv/forum/posts`; the name of the file alone
        where that is not known to hold it."""
        path = PurePath(self.path)
        above = PurePath(self.root or self.path)
        return str(path.relative_to(above.parent)) if path.is_relative_to(above) else path.name


@dataclass(frozen=True, slots=True)
class RawPost:
    """A post as a reader found it: text not yet canonical, no ids of ours. Unknown is None, never a guess.

    `source_id` is the id that the source gives the post, `thread_key` whatever the source says that posts of one
    thread share, `reply_to` the `source_id` of the parent. `namespace` keeps ids of unlike origins apart (a host, the
    name of a list); it must not depend on where the file lies.
    """

    body: str
    source: Source
    title: str = ""
    source_id: str | None = None
    namespace: str = ""
    thread_key: str | None = None
    reply_to: str | None = None
    role: Role = Role.QUESTION
    accepted: bool = False
    author: str | None = None
    created: str | None = None
    activity: str | None = None
    replies: int | None = None
    boosts: int | None = None
    views: int | None = None
    score: int | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be read for sure, named so that the user can look at it. `line` is 1-based, 0 for the file."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was read, with a limitation the user should know of."""

    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A name or number in a post that is worth having as a field."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Post:
    """One person's statement in canonical text, with ids that are stable over runs, machines and page order.

    `created` is an ISO 8601 date or date-time, None where the source has no date; `activity` is kept as written.
    `body_sha` is the hash of title and body: it changes when the post was edited, `post_id` need not.
    """

    post_id: str
    thread_id: str
    title: str
    body: str
    body_sha: str
    role: Role = Role.QUESTION
    accepted: bool = False
    source_id: str | None = None
    reply_to: str | None = None
    author: str | None = None
    created: str | None = None
    activity: str | None = None
    replies: int | None = None
    boosts: int | None = None
    views: int | None = None
    score: int | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
    entities: tuple[Entity, ...] = ()
    sources: tuple[Source, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a post that is embedded as one vector: `body[start:end] == text`. `embedded` is what the model sees."""

    post_id: str
    number: int
    start: int
    end: int
    text: str
    embedded: str

    @property
    def chunk_id(self) -> str:
        """Stable name of the chunk inside its generation."""
        return f"{self.post_id}:{self.number}"


@dataclass(frozen=True, slots=True)
class Signals:
    """Why a post was found: cosine of its best chunk (None if the dense lane did not list it), BM25 score, share of the
    question that it meets by holding identifiers as written, and ranks in the two lanes (1-based, None if not listed)."""

    dense: float | None
    lexical: float
    exact: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A post that a search found, best chunk first: `post.body[start:end] == text`. Scores compare within one search."""

    rank: int
    score: float
    post: Post
    start: int
    end: int
    text: str
    signals: Signals


class Status(StrEnum):
    """How far an answer rests on the posts."""

    GROUNDED = "grounded"
    PARTLY_GROUNDED = "partly_grounded"
    UNGROUNDED = "ungrounded"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why a question is not answered."""

    NOT_HERE = "not_here"
    ASKED_NOT_ANSWERED = "asked_not_answered"
    EMPTY_QUESTION = "empty_question"
    MODEL_FOUND_NONE = "model_found_none"
    MODEL_STOPPED = "model_stopped"
    NOTHING_SUPPORTED = "nothing_supported"


class Verdict(StrEnum):
    """What became of a citation when it was checked."""

    VERIFIED = "verified"
    UNSUPPORTED = "unsupported"
    DANGLING = "dangling"


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a post that the answerer saw, under the label that markers refer to: `post.body[start:end] == text`."""

    label: int
    post: Post
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """What a marker `[label]` stands for: `post.body[start:end] == quote`. One that is dangling has no post and no quote."""

    label: int
    claim: str
    post: Post | None
    start: int
    end: int
    quote: str
    verdict: Verdict = Verdict.VERIFIED


@dataclass(frozen=True, slots=True)
class Near:
    """A thread near to a question, for a reader who looks further."""

    post_id: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; `role` is `user` or `assistant`."""

    role: str
    content: str


class Rewriting(StrEnum):
    """How a question was made to stand by itself."""

    AS_ASKED = "as_asked"
    NEW_SUBJECT = "new_subject"
    CARRIED = "carried"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class PromptUsed:
    """A prompt that was sent to a model: name with version and the beginning of its hash, and the hash."""

    label: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that stands by itself, how it came to, and why in a few words.

    `leans_on` is the question before it that it follows up, or may follow up, made to stand by itself too; None where it
    follows up nothing;
    `prompts` are those that a model was asked with, whether its rewriting was used or not; `empty` says that there is nothing
    in it to look up.
    """

    text: str
    how: Rewriting = Rewriting.AS_ASKED
    why: str = ""
    leans_on: str | None = None
    prompts: tuple[PromptUsed, ...] = ()
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote, and what they cost by the prices of the settings (None: no prices are set).

    Of several requests the cost is known only where it is of each.
    """

    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens, cost)


SERVER_FAILED = 500
"""HTTP statuses from which on it is not the one who asked that must mend it."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """Why a model's answer ended early, what to do about it, and the exit code that this means: 0 where a limit of the
    settings was reached, that of the error where the server failed. `by_length`: the limit was that of tokens."""

    message: str
    hint: str
    exit_code: int = 0
    http_status: int = 200
    by_length: bool = False

    @property
    def by_server(self) -> bool:
        """Whether the model's server failed; else a limit was reached."""
        return self.http_status >= SERVER_FAILED


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was made with. `prompts` are those that were sent to a model, the answer's first; `prompt_hash` is the
    hash of that one, empty where no model was asked for the answer."""

    generation: str
    settings_hash: str
    prompt_hash: str
    embedder: str
    prompts: tuple[PromptUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of wall time, from the question's arrival."""

    rewrite: float
    retrieve: float
    first_token: float
    total: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answerer says: text with markers, its citations, and how sure it is (0-1).

    `cut_off` says why a model's answer ended early, `left_out` how many of its sentences are not shown.
    """

    text: str
    status: Status
    confidence: float
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    refusal: Refusal | None = None
    usage: Usage | None = None
    cut_off: CutOff | None = None
    left_out: int = 0
    prompts: tuple[PromptUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with everything around it, as every surface hands it on."""

    question: str
    standalone: Standalone
    reply: Reply
    nearest: tuple[Near, ...]
    generator: str
    provenance: Provenance
    timings_ms: Timings
    strict: bool = False
