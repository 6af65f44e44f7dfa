"""How likely it is that what was read answers the question: a logistic model over a few signs, fitted on other topics.

Each sign has a direction that the fit may not turn round, so a set of topics with a quirk cannot teach nonsense. The
weights stand in `confidence.json` beside this file with how they cross-validate; `assistant eval calibrate` makes it
from `eval/calibration.toml`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.answering.finding.asked import Asked, numbers, version_met, versions
from assistant.answering.finding.evidence import ReadPost
from assistant.errors import SettingsError
from assistant.language.terms import is_identifier, terms
from assistant.retrieval.question import Question
from assistant.types import Hit, Role

if TYPE_CHECKING:
    from assistant.indexing.lexical_store import LexicalStore

MARGIN_SCALE = 4.0


@dataclass(frozen=True, slots=True)
class Observed:
    """Signs, each 0-1 (cosines -1..1). The names say which way they point: `missing_*`, `un*` and `asked_*` speak against."""

    closeness: float
    sentence: float
    coverage: float
    lead: float
    agreement: float
    missing_name: float
    missing_names: float
    missing_identifier: float
    missing_version: float
    unmet_kind: float
    unknown: float
    asked_itself: float
    asked_outcome: float
    asked_later: float

    @classmethod
    def of(
        cls,
        question: Question,
        asked: Asked,
        hit: Hit,
        read: Sequence[ReadPost],
        hits: Sequence[Hit],
        lexical: LexicalStore,
    ) -> Observed:
        """What was observed of the thread of `hit`, whose posts were `read` (best first), among all `hits`."""
        best = read[0]
        held = frozenset().union(*(post.terms for post in read))
        text = "\n".join(f"{post.post.title}\n{post.post.body}" for post in read)
        missing = _missing_names(asked, text, lexical)
        rarities = [rarity for _, rarity in missing]
        content = {term: lexical.rarity(term) for term in question.content_terms}
        others = [other.score for other in hits if other.post.thread_id != hit.post.thread_id]
        return cls(
            closeness=max(hit.signals.dense or 0.0, float(best.cosines[3].max())),
            sentence=float(best.cosines[0].max()),
            coverage=_share(content, held),
            lead=max(0.0, min(1.0, (hit.score - max(others, default=hit.score - MARGIN_SCALE)) / MARGIN_SCALE)),
            agreement=float(hit.signals.dense_rank == 1 and hit.signals.lexical_rank == 1),
            missing_name=max(rarities, default=0.0),
            missing_names=min(1.0, max(0.0, sum(rarities) - 1.0)),
            missing_identifier=max((rarity for name, rarity in missing if is_identifier(name)), default=0.0),
            missing_version=float(_misses_version(asked, text)),
            unmet_kind=float(asked.unmet_by(text)),
            unknown=sum(term not in lexical for term in content) / max(1, len(content)),
            asked_itself=_asks_the_same(best),
            asked_outcome=float(asked.resolution and not any(post.post.role is Role.REPLY for post in read)),
            asked_later=float(asked.later_than(text)),
        )


def _share(weights: dict[str, float], held: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0


def _missing_names(asked: Asked, text: str, lexical: LexicalStore) -> list[tuple[str, float]]:
    """Each name of the question, with its rarity (0-1), that `text` does not hold, neither as written nor spelt in parts."""
    lowered = " ".join(text.lower().split())
    missing = []
    for name in asked.names:
        parts = terms(name)
        if name.lower() in lowered or not parts:
            continue
        spelt = " ".join(parts[1:] if len(parts) > 1 and parts[0] == name.lower() else parts)
        if spelt in lowered:
            continue
        missing.append((name, max(lexical.rarity(part) for part in parts)))
    return missing


def _misses_version(asked: Asked, text: str) -> bool:
    held = versions(text)
    if any(not version_met(version, held) for version in asked.versions):
        return True
    spelt = numbers(text)
    return any(not version_met(number, spelt) for number in asked.numbered)


def _asks_the_same(read: ReadPost) -> float:
    """How much nearer a sentence that asks is than any that states (0-1): the post has the question, not the answer."""
    asking = [float(cosine) for cosine, text in zip(read.cosines[0], read.texts, strict=True) if text.endswith("?")]
    stating = [float(cosine) for cosine, text in zip(read.cosines[0], read.texts, strict=True) if not text.endswith("?")]
    if not asking or read.post.role is Role.REPLY:
        return 0.0
    return max(0.0, min(1.0, 2 * (max(asking) - max(stating, default=0.0))))


class Confidence:
    """The fitted model."""

    def __init__(self, weights: Mapping[str, float], bias: float, topic_closeness: float, sha256: str = "") -> None:
        self.sha256 = sha256
        self._weights = tuple(weights[field.name] for field in fields(Observed))
        self._bias = bias
        self._topic_closeness = topic_closeness

    @classmethod
    def of(cls, path: Path | None) -> Confidence:
        """The model in a file, or the one that comes with the program. Raises SettingsError for a file that holds none."""
        try:
            text = (path or files("assistant.answering.finding") / "confidence.json").read_text(encoding="utf-8")
            data = json.loads(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            return cls(data["weights"], float(data["bias"]), float(data["topic_closeness"]), digest)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SettingsError(
                f"{path} holds no confidence model ({type(error).__name__}: {error})",
                hint="fit one: `assistant eval calibrate`, or leave the setting confidence_model out",
            ) from error

    def answered(self, observed: Observed) -> float:
        """Probability (0-1) that what was read holds the answer."""
        signs = zip(self._weights, astuple(observed), strict=True)
        return 1.0 / (1.0 + math.exp(-(self._bias + sum(weight * sign for weight, sign in signs))))

    def on_topic(self, observed: Observed) -> bool:
        """Whether what was read is at least about what was asked: `asked here`, as against `not here`."""
        return observed.closeness >= self._topic_closeness and observed.missing_name < 1.0
