"""Groundedness without a judge: is every name and number of an answer in what was cited, read or asked?

The split is RAGChecker's, by words: grounded in what is cited, elsewhere in what was retrieved (miscited), in the
question, or nowhere (invented). K-precision is the share of the answer's content words that stand in what was read or
said before (Adlakha et al. 2024); on MTRAG's human judgements it tracks faithfulness as well as a model does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assistant.evaluation.measures.atoms import Atom
from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.measures.fields import holds, stated_fields
from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.measures.wordings import fold, stands_in
from assistant.evaluation.measures.words import content_words
from assistant.evaluation.scores import Measured, Why, nothing, share
from assistant.evaluation.topics import Topic

NAMES = ("groundedness", "code_groundedness", "miscited", "k_precision")


class Sorted(NamedTuple):
    """The distinct names and numbers of an answer by where they stand."""

    cited: tuple[Atom, ...] = ()
    asked: tuple[Atom, ...] = ()
    miscited: tuple[Atom, ...] = ()
    invented: tuple[Atom, ...] = ()

    @property
    def all(self) -> tuple[Atom, ...]:
        """All of them."""
        return self.cited + self.asked + self.miscited + self.invented


def atoms_in(reading: Reading) -> tuple[Atom, ...]:
    """The distinct names and numbers of an answer but those of fields, which no text of a post has."""
    found: dict[str, Atom] = {}
    for sentence in reading.sentences:
        for atom in sentence.atoms:
            if atom.key not in found or atom.code:
                found[atom.key] = atom
    return tuple(found.values())


def sort_atoms(case: Case) -> Sorted:
    """Where each name and number of an answer stands, looking at the citations first. What is stated of the fields of a
    post is cited or invented by the facts of that post; where a run records no facts it is left out."""
    found: dict[str, list[Atom]] = {"cited": [], "asked": [], "miscited": [], "invented": []}
    atoms = atoms_in(case.reading)
    windows = [window.text for window in case.cited_windows()] if atoms else []
    allowed = fold("\n".join(case.topic.allowed))
    for atom in atoms:
        if any(atom.stands_in(text) for text in windows):
            found["cited"].append(atom)
        elif atom.stands_in(case.asked) or atom.stands_in(allowed):
            found["asked"].append(atom)
        elif any(atom.stands_in(case.library.folded(post)) for post in case.touched):
            found["miscited"].append(atom)
        else:
            found["invented"].append(atom)
    for stated in dict.fromkeys(stated_fields(case.reading.plain) if case.library.records_facts else ()):
        found["cited" if holds(stated, case.touched_posts) else "invented"].append(Atom(stated.words))
    return Sorted(*(tuple(atoms) for atoms in found.values()))


def measure(case: Case, atoms: Sorted) -> Measures:
    """Shares of names and numbers (1 where an answer has none, 0 for one that failed), and K-precision.

    An answer that declined miscites nothing: it may name the titles of near threads.
    """
    if case.facts.search_only:
        return not_applying(NAMES, Why.SEARCH_ONLY)
    total, code = len(atoms.all), [atom for atom in atoms.all if atom.code]
    kept = total - len(atoms.invented)
    code_kept = len(code) - sum(atom.code for atom in atoms.invented)
    miscited = len(atoms.miscited) if case.answered else 0
    none = 0.0 if case.failed else 1.0
    return {
        "groundedness": Measured(kept / total if total else none, None, float(kept), float(total)),
        "code_groundedness": Measured(code_kept / len(code) if code else 1.0, None, float(code_kept), float(len(code))),
        "miscited": Measured(miscited / total if total else 0.0, None, float(miscited), float(total)),
        "k_precision": _k_precision(case),
    }


def _k_precision(case: Case) -> Measured:
    """Words of all that is said but framing; 0 for an answer that declined, or has no word."""
    if reason := case.unanswerable:
        return nothing(reason)
    said = [sentence for sentence in case.reading.sentences if not sentence.framing]
    words = [word for sentence in said for word in sentence.words]
    if not case.answered or not words:
        return Measured(0.0, None, 0.0, 0.0)
    quoted = [case.library.span(cited.post, cited.start, cited.end) for cited in case.citations]
    missing = {word for one in said if not any(stands_in(one.folded, text) for text in quoted) for word in one.words}
    for post, start, end in (*((cited.post, cited.start, cited.end) for cited in case.citations), *case.context):
        if missing:
            missing.difference_update(*case.library.terms(post, start, end))
    if missing:
        missing.difference_update(word for turn in case.topic.turns for word in content_words(turn.content))
    return share(float(sum(word not in missing for word in words)), float(len(words)))


def human_floor(topics: Iterable[Topic], library: Library) -> tuple[int, int, int]:
    """Invented and all names and numbers of the gold answers, and how many answers those are.

    A gold answer is the reference, else the wording of the nuggets; it is held against the gold posts that the run has
    and the quotes of the gold spans. What a careful person "invents" is what this measure is worth.
    """
    invented = total = answers = 0
    for topic in topics:
        gold = topic.reference or "\n".join(nugget.text for nugget in topic.nuggets)
        evidence = _gold_evidence(topic, library) if topic.expects_answer and gold.strip() else ""
        if not evidence:
            continue
        atoms = atoms_in(Reading(gold))
        asked = fold("\n".join([*(turn.content for turn in topic.turns), *topic.allowed]))
        answers += 1
        total += len(atoms)
        invented += sum(not atom.stands_in(evidence) and not atom.stands_in(asked) for atom in atoms)
    return invented, total, answers


def _gold_evidence(topic: Topic, library: Library) -> str:
    names = sorted({span.post for span in topic.spans} | {name for name, grade in topic.posts.items() if grade > 0})
    posts = [post for name in names if (post := library.named(name))]
    return " ".join([*(library.folded(post.post) for post in posts), *(fold(span.quote or "") for span in topic.spans)]).strip()
