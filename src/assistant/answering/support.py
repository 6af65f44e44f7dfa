"""Whether the words of a post support a sentence, and which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.language.segments import Span
from assistant.types import NONE, Parts, Passage, Verdict

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder


@dataclass(frozen=True, slots=True)
class Checked:
    """One passage held against one sentence: the span of the post that supports it best, the verdict, how sure it is (0-1)
    and what spoke against it (`coverage`, `number`, `identifier`, `negation`, `closeness`; empty where verified)."""

    passage: Passage
    span: Span
    verdict: Verdict
    score: float
    against: tuple[str, ...] = ()


class Support:
    """Checks sentences against the posts of some passages. What the posts say is embedded once, by `prepare`."""

    def __init__(
        self, passages: Sequence[Passage], embedder: Embedder, rarity: Callable[[str], float], without: Parts = NONE
    ) -> None:
        raise NotImplementedError

    def prepare(self) -> None:
        """Embed the sentences of the passages' posts ahead of the first check; a check does it where this was not called."""
        raise NotImplementedError

    def check(self, claim: str, passages: Sequence[Passage]) -> list[Checked]:
        """Each of `passages` held against `claim`, in their order. Several may support it together where none does alone: then
        those that add to it are verified."""
        raise NotImplementedError
