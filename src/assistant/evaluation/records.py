"""What a run writes down of one answer, whoever gave it: enough to score it without the system that answered.

Offsets are half-open ranges of code points in the canonical body of a post; the bodies stand in the run's `posts.jsonl`.
Names of posts are those of the system (`post`) and of the posts' own file (`source`, None where it gives none).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from assistant.evaluation.topics import Frozen


class Outcome(StrEnum):
    """Whether the system answered at all. What went wrong is scored as a wrong answer, and counted apart."""

    OK = "ok"
    TIMEOUT = "timeout"
    ERROR = "error"


class Decision(StrEnum):
    """What the system did, as a field of its answer, not read off its words."""

    ANSWER = "answer"
    ABSTAIN = "abstain"
    CLARIFY = "clarify"


class Cited(Frozen):
    """A citation: `sentence` is the claim that it stands behind, `state` the system's own verdict on it."""

    n: int
    post: str
    source: str | None = None
    thread: str = ""
    start: int = 0
    end: int = 0
    quote: str = ""
    sentence: str = ""
    state: str = "verified"


class Retrieved(Frozen):
    """A span that was found, best first."""

    post: str
    source: str | None = None
    thread: str
    start: int = 0
    end: int = 0
    score: float = 0.0


class Seen(Frozen):
    """A span that the answerer had before it when it wrote."""

    post: str
    start: int
    end: int


class Said(Frozen):
    """What a system would have said had it not refused: text and citations. Only for curves of risk, never scored else."""

    text: str
    citations: tuple[Cited, ...] = ()


class Tokens(Frozen):
    """Tokens of the model, in and out."""

    input: int
    output: int


class AnswerRecord(Frozen):
    """One line of `answers.jsonl`: one topic, one repeat.

    `confidence` is 0-1 or None where the system gives none. `rankings` holds further retrieval runs by name
    (`last_turn`, `standalone`) for topics with a history. Latencies are milliseconds.
    """

    tid: str
    rep: int = 0
    input_sha: str = ""
    status: Outcome = Outcome.OK
    error: str | None = None
    decision: Decision = Decision.ABSTAIN
    confidence: float | None = None
    grounding: str = ""
    text: str = ""
    standalone: str = ""
    citations: tuple[Cited, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    seen: tuple[Seen, ...] = ()
    withheld: Said | None = None
    rankings: dict[str, tuple[Retrieved, ...]] = Field(default_factory=dict)
    latency_ms: dict[str, float] = Field(default_factory=dict)
    cold: bool = False
    tokens: Tokens | None = None
    cost: float | None = None


class PostRecord(Frozen):
    """A post that a run touched, as the system has it. `facts` are what else it knows of the post and may state: author,
    dates, counts, tags, each as text."""

    post: str
    source: str | None = None
    thread: str = ""
    title: str = ""
    body: str = ""
    url: str | None = None
    facts: tuple[str, ...] = ()


class RunManifest(Frozen):
    """What a run was made with. `system` says how to reach what was asked, `settings` what it ran with (no keys)."""

    run_id: str
    set_name: str
    set_sha256: str
    ids: Literal["post", "source"] = "post"
    task: Literal["ask", "search"] = "ask"
    margins: dict[str, float] = Field(default_factory=dict)
    system: str = ""
    settings: dict[str, str] = Field(default_factory=dict)
    index: dict[str, str] = Field(default_factory=dict)
    version: str = ""
    python: str = ""
    platform: str = ""
    repeats: int = 1
    topics: int = 0
    depth: int = 10
    offline: bool = True
    started: str = ""
    ended: str | None = None


class Label(Frozen):
    """What a person said of one item of an answer: a nugget (`item` is its id), a citation (its number) or the whole
    (`item` is empty)."""

    tid: str
    rep: int = 0
    about: Literal["nugget", "support", "answer"]
    item: str = ""
    label: Literal["yes", "partly", "no", "unsure"]
    by: str = ""
    at: str = ""
