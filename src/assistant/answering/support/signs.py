"""Signs of whether a span of a post supports a sentence, and the model that weighs them.

Each sign has a direction that the fit may not turn round. The weights stand in `support.json` beside this file with the
figures of their fit; `bench/support.py` makes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields, replace
from functools import cache, cached_property
from importlib.resources import files

from assistant.answering.support import bindings, polarity, stance
from assistant.answering.support.atoms import Atoms, Held, atoms, names_only
from assistant.answering.support.clauses import clauses
from assistant.language.terms import terms_of, tokens

FUNCTION_WORDS = frozenset(
    (
        "about above after again all also although always am among another any anyone are aren't around because been "
        "before being below between both came can can't cannot come could couldn't did didn't do does doesn't doing "
        "don't done during each either else even ever every everyone few for from further get gets getting give given "
        "gives go goes going got had has hasn't have haven't having he her here hers him his how however i i'm i've "
        "instead into it's its itself just let like made make makes making many may me might more most much must my "
        "myself neither no nor now of off on once one only onto or other others otherwise our ours out over own per "
        "rather same say see seem seems shall she should since so some someone something still than that's them "
        "themselves then there's therefore these they they're those though through thus till to too under unless "
        "until up upon us use used uses using very via want was wasn't we well went were weren't what whatever when "
        "where whereas whether which while who whom whose why will with within without won't would yes yet you you're "
        "your yours according according namely such "
    ).split()
)


@dataclass(frozen=True)
class Claim:
    """A sentence of a model, analysed once. `weights` has its content terms with their rarities (0-1), `parts` those of each
    of its clauses that says enough to be held against a post; `bare` is one that states nothing."""

    text: str
    weights: dict[str, float]
    atoms: Atoms
    parts: tuple[frozenset[str], ...]
    bare: bool

    @classmethod
    def of(cls, text: str, rarity: Callable[[str], float]) -> Claim:
        """What `text` says, without the words that only say who said it."""
        bare = stance.content_of(text)
        weights = {term: LEAST_RARITY + (1 - LEAST_RARITY) * rarity(term) for term in _terms(bare)}
        cut = (frozenset(_terms(part)) for part in clauses(bare))
        parts = tuple(part for part in cut if len(part) >= LEAST_WORDS)
        return cls(text, weights, atoms(bare), parts, names_only(bare))

    @cached_property
    def total(self) -> float:
        """Sum of the rarities."""
        return sum(self.weights.values())

    def weigh(self, some: Iterable[str]) -> float:
        """Sum of the rarities of some of its terms."""
        return sum(self.weights[term] for term in some)


LEAST_RARITY = 0.1
"""What a term counts that every post holds."""


LEAST_WORDS = 3
"""Content terms from which on a clause is looked at by itself."""


def _terms(text: str) -> list[str]:
    return list(dict.fromkeys(term for match in tokens(text) for term in _content(match[0])))


def _content(token: str) -> tuple[str, ...]:
    return () if token.lower().replace("’", "'") in FUNCTION_WORDS else terms_of(token)


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a span and against it, each 0-1 (closeness: cosine). `coverage` and `closeness` speak for it."""

    coverage: float
    closeness: float
    number_elsewhere: float
    identifier_elsewhere: float
    count: float
    name: float
    name_elsewhere: float
    negation: float
    asked: float
    supposed: float
    widened: float
    scrambled: float
    speaker: float
    rival: float
    exchanged: float
    binding: float
    padded: float


PRIOR = {
    "coverage": 4.0, "closeness": 4.0, "number_elsewhere": -2.0, "identifier_elsewhere": -1.5, "count": -1.0, "name": -1.5,
    "name_elsewhere": -0.5, "negation": -4.0, "asked": -3.0, "supposed": -1.0, "widened": -1.0, "scrambled": -2.0,
    "speaker": -2.0, "rival": -2.0, "exchanged": -2.0, "binding": -1.5, "padded": -2.0,
}  # fmt: skip
"""Where the fit draws a weight to, and on which side of 0 it stays."""


@dataclass(frozen=True)
class Evidence:
    """A span of a post, or several together: its text, the terms of each of its sentences, and what else counts for its
    numbers and names: terms and words of the titles (`title`, `about`), the sentences next to it (`before`, `after`), and the
    whole posts (`rest`)."""

    text: str
    sentence_terms: tuple[frozenset[str], ...]
    title: frozenset[str]
    about: str
    rest: tuple[Held, ...]
    posts: tuple[str, ...]
    closeness: float
    before: str = ""
    after: str = ""

    @cached_property
    def terms(self) -> frozenset[str]:
        """Terms of the span and the titles."""
        return self.title.union(*self.sentence_terms)

    @cached_property
    def held(self) -> Held:
        """For looking up numbers and names: the span and the titles."""
        return Held(f"{self.text}\n{self.about}")

    @cached_property
    def scope(self) -> Held:
        """The same with the sentence before, for versions: "On 14.3:" holds for what comes next, a plain number does not."""
        return Held(f"{self.before}\n{self.text}\n{self.about}")

    def joined(self, other: Evidence, closeness: float) -> Evidence:
        """Both as one piece of evidence, whose closeness to the claim is given."""
        return Evidence(
            f"{self.text}\n{other.text}", self.sentence_terms + other.sentence_terms, self.title | other.title,
            f"{self.about}\n{other.about}", self.rest + other.rest, self.posts + other.posts, closeness,
            f"{self.before}\n{other.before}",
        )  # fmt: skip


def share(claim: Claim, held: frozenset[str]) -> float:
    """Share of the claim's content terms that are held, by rarity (0-1)."""
    return sum(weight for term, weight in claim.weights.items() if term in held) / claim.total if claim.total else 0.0


FULLY = 0.9
"""Coverage from which on other company of the words means another order, and not other words."""


def _scrambled(covered: float, pairs: float) -> float:
    """How much a claim whose words are nearly all held has them in other company (0-1): roles or values changed places."""
    return max(0.0, covered - FULLY) / (1 - FULLY) * (1 - pairs)


PADDING = 0.5
"""Coverage of a clause below which it counts as added to what the post says."""


def _padded(claim: Claim, held: frozenset[str]) -> float:
    """How far (0-1) the clause that is held least, by the span or next to it, falls short; 0 where there is one clause only."""
    if len(claim.parts) < 2 and sum(map(len, claim.parts)) == len(claim.weights):
        return 0.0
    least = min((claim.weigh(part & held) / claim.weigh(part) for part in claim.parts), default=1.0)
    return max(0.0, PADDING - least) / PADDING


def signs(claim: Claim, evidence: Evidence) -> Signs:
    """What speaks for and against a span."""
    titled, held = evidence.terms, evidence.held
    covered, pairs = share(claim, titled), bindings.company(claim.text, evidence.text)
    numbers = [number for number in claim.atoms.numbers if not (evidence.scope if "." in number else held).number(number)]
    identifiers = [name for name in claim.atoms.identifiers if not held.identifier(name)]
    names = [name for name in claim.atoms.names if not held.name(name)]
    text = claim.text
    return Signs(
        coverage=covered,
        closeness=evidence.closeness,
        number_elsewhere=float(bool(numbers)),
        identifier_elsewhere=float(bool(identifiers)),
        count=float(any(not held.number(count) for count in claim.atoms.counts)),
        name=float(any(not any(post.name(name) for post in evidence.rest) for name in names)),
        name_elsewhere=float(bool(names)),
        negation=float(polarity.conflict(text, evidence.text)),
        asked=float(stance.asked_only(text, evidence.text, evidence.after)),
        supposed=float(stance.supposed_only(text, evidence.text)),
        widened=float(stance.widened(text, evidence.text)),
        scrambled=_scrambled(covered, pairs),
        speaker=float(any(stance.other_speaker(text, post) for post in evidence.posts)),
        rival=max((bindings.rival(claim.text, text) for text in evidence.posts), default=0.0),
        exchanged=float(any(bindings.exchanged(text, post) for post in evidence.posts)),
        binding=float(stance.binds(text, evidence.text)),
        padded=_padded(claim, titled.union(_terms(evidence.before), _terms(evidence.after))),
    )


def lacking(claim: Claim, evidence: Evidence) -> tuple[str, ...]:
    """`number` and `identifier`, where the claim has one that stands nowhere in the posts or their titles."""
    kinds = []
    if any(not any(post.number(number) for post in evidence.rest) for number in claim.atoms.numbers):
        kinds.append("number")
    if any(not any(post.identifier(name) for post in evidence.rest) for name in claim.atoms.identifiers):
        kinds.append("identifier")
    return tuple(kinds)


def adds(claim: Claim, evidence: Evidence, other: Evidence) -> bool:
    """Whether `other` holds a term, number or identifier of the claim that `evidence` does not."""
    if any(term in other.terms and term not in evidence.terms for term in claim.weights):
        return True
    return any(other.held.number(number) and not evidence.held.number(number) for number in claim.atoms.numbers) or any(
        other.held.identifier(name) and not evidence.held.identifier(name) for name in claim.atoms.identifiers
    )


_AGAINST = {
    "number_elsewhere": "number", "count": "number", "identifier_elsewhere": "identifier", "name": "identifier",
    "rival": "number", "negation": "negation", "scrambled": "order", "speaker": "order", "asked": "certainty",
    "supposed": "certainty", "widened": "certainty",
    "exchanged": "number", "binding": "certainty", "padded": "coverage",
}  # fmt: skip
MOSTLY = 0.7
"""Coverage from which on it is not the missing words that speak against a span."""


def against(found: Signs, lacks: tuple[str, ...]) -> tuple[str, ...]:
    """What speaks against a span that does not support a claim, once each."""
    kinds = [*lacks]
    if found.coverage < MOSTLY:
        kinds.append("coverage")
    kinds.extend(kind for name, kind in _AGAINST.items() if getattr(found, name) > 0)
    return tuple(dict.fromkeys(kinds)) or ("closeness",)


@dataclass(frozen=True)
class Model:
    """Weights of the signs, and from which probability on a span counts as support."""

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def probability(self, found: Signs) -> float:
        """Probability (0-1) that the span supports the claim."""
        logit = self.bias + sum(weight * sign for weight, sign in zip(self.weights, astuple(found), strict=True))
        return 1.0 / (1.0 + math.exp(-logit))

    def without(self, *names: str) -> Model:
        """The model with some signs switched off."""
        kept = tuple(0.0 if name in names else weight for name, weight in zip(NAMES, self.weights, strict=True))
        return replace(self, weights=kept)


NAMES = tuple(field.name for field in fields(Signs))
CONTRARY = ("negation", "asked", "supposed", "widened", "scrambled", "binding")
"""Signs that a span about the very thing says something else of it."""


@cache
def model() -> Model:
    """The fitted model that comes with the program."""
    data = json.loads((files("assistant.answering.support") / "support.json").read_text(encoding="utf-8"))
    return Model(tuple(data["weights"][name] for name in NAMES), data["bias"], data["threshold"])
