"""What the measures found in one answer, item by item: the scores say how much, a page has to say which."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.evaluation.measures.atoms import Atom
from assistant.evaluation.measures.case import Case
from assistant.evaluation.measures.grounding import sort_atoms
from assistant.evaluation.measures.losses import nugget_split
from assistant.evaluation.measures.quotes import Quote, quote_state

_STATES = {
    "nugget_used": "used", "nugget_lost_by_generator": "generator", "nugget_lost_by_retriever": "retriever",
    "nugget_self_knowledge": "self_knowledge",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NuggetFound:
    """A nugget and what became of it: `used`, `generator`, `retriever` (where it was lost) or `self_knowledge`."""

    id: str
    text: str
    vital: bool
    state: str


@dataclass(frozen=True, slots=True)
class AtomFound:
    """A name or number of an answer that stands nowhere (`invented`) or elsewhere than in what is cited (`miscited`)."""

    start: int
    end: int
    state: str


@dataclass(frozen=True, slots=True)
class Findings:
    """`quotes` has the state of each citation's quote, in the order of the citations."""

    nuggets: tuple[NuggetFound, ...] = ()
    atoms: tuple[AtomFound, ...] = ()
    quotes: tuple[Quote, ...] = ()


def findings(case: Case) -> Findings:
    """Everything that was found in an answer; a topic without an answer has no nuggets to lose."""
    kinds = sort_atoms(case)
    atoms = _places(case.text, kinds.invented, "invented")
    if case.answered:
        # One that refused may name the titles of near threads.
        atoms += _places(case.text, kinds.miscited, "miscited")
    quotes = tuple(quote_state(cited, case.library) for cited in case.record.citations)
    return Findings(_nuggets(case), tuple(atoms), quotes)


def _nuggets(case: Case) -> tuple[NuggetFound, ...]:
    """Each nugget is split as a topic of its own, so that a page never says another thing than the score."""
    found = []
    for nugget in case.topic.nuggets:
        alone = case.topic.model_copy(update={"nuggets": (nugget,)})
        split = nugget_split(Case(alone, case.record, case.library, case.facts))
        names = [name for name, measured in split.items() if measured.value]
        found += [NuggetFound(nugget.id, nugget.text, nugget.vital, _STATES[name]) for name in names]
    return tuple(found)


def _places(text: str, atoms: tuple[Atom, ...], state: str) -> list[AtomFound]:
    """Where atoms stand in the text as written. One that is written otherwise there (spelt out, say) has no place."""
    found = []
    for atom in atoms:
        words = re.compile(rf"(?<!\w){re.escape(atom.key)}(?!\w)", re.IGNORECASE)
        found += [AtomFound(match.start(), match.end(), state) for match in words.finditer(text)]
    return found
