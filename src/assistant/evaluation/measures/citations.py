"""Citations: do markers lead to posts, do quotes stand there word for word, does what is cited support what is said.

Support is decided by words: every name and number of the sentence that the question does not name stands in what the
reader of the citation sees, and so do .6 of its content words by rarity. A citation also supports where the sentence
loses its support without it (ALCE, Gao et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.evaluation.measures.case import Case, Measures
from assistant.evaluation.measures.library import Library, Window
from assistant.evaluation.measures.own_words import owned
from assistant.evaluation.measures.quotes import Quote
from assistant.evaluation.measures.reading import Sentence
from assistant.evaluation.measures.wordings import stands_in
from assistant.evaluation.records import Cited
from assistant.evaluation.scores import Measured, Why, nothing, share

COVERAGE = 0.6
"""Share of a sentence's words, by rarity, from which a text supports it: read off MTRAG's human judgements."""


def supported(sentence: Sentence, windows: Sequence[Window], asked: str, library: Library) -> bool:
    """Whether what stands in the windows together supports a sentence; what stands there word for word does."""
    if any(stands_in(sentence.folded, window.text) for window in windows):
        return True
    if not windows:
        return False
    for atom in sentence.atoms:
        if not any(atom.stands_in(window.text) for window in windows) and not atom.stands_in(asked):
            return False
    words = set(sentence.words)
    missing = words.difference(*(window.terms for window in windows))
    weight = library.rarity.weight
    return not missing or weight(sorted(words - missing)) >= COVERAGE * weight(sorted(words))


def supports_alone(case: Case, cited: Cited) -> bool:
    """Whether a citation supports its claim by itself."""
    window = case.library.window(cited.post, cited.start, cited.end)
    return supported(Sentence.alone(cited.sentence), [window], case.asked, case.library)


def measure(case: Case) -> Measures:
    """Validity and fidelity of every answer; the rest of topics that expect one, 0 where it was declined.

    An answer without citations breaks none: validity and fidelity 1, of 0.
    """
    names = ("citation_recall", "citation_precision", "citation_f1", "correct_source", "uncited")
    if case.facts.search_only:
        return dict.fromkeys(("citation_validity", "quote_fidelity", *names), nothing(Why.SEARCH_ONLY))
    states = case.quote_states
    resolved = sum(state is not Quote.DANGLING for state in states)
    found = sum(state is Quote.FOUND for state in states)
    measures: Measures = {
        "citation_validity": _unbroken(resolved, len(states)), "quote_fidelity": _unbroken(found, len(states))
    }  # fmt: skip
    if reason := case.unanswerable:
        return measures | dict.fromkeys(names, nothing(reason))
    if not case.answered:
        return measures | dict.fromkeys(names, Measured(0.0, None, 0.0, 0.0))
    return measures | _supporting(case) | {"correct_source": _correct_source(case), "uncited": _uncited(case)}


def _unbroken(whole: int, total: int) -> Measured:
    return Measured(whole / total if total else 1.0, None, float(whole), float(total))


def _uncited(case: Case) -> Measured:
    return Measured(float(not case.citations))


def _supporting(case: Case) -> Measures:
    """Recall over sentences that need support, precision over citations; both 0 where nothing is cited."""
    library, asked = case.library, case.asked
    needing = held = 0
    supporting: set[int] = set()
    for sentence, own in owned(case.reading, case.citations):
        windows = [library.window(cited.post, cited.start, cited.end) for cited in own]
        holds = supported(sentence, windows, asked, library)
        if sentence.needs_support:
            needing += 1
            held += holds
        for number, cited in enumerate(own):
            if id(cited) not in supporting and _supports(sentence, windows, number, holds, asked, library):
                supporting.add(id(cited))
    # The same words cited for the same sentence again are no further evidence.
    distinct = {(c.post, c.start, c.end, c.sentence): id(c) in supporting for c in case.citations}
    return _f1(held, needing, sum(distinct.values()), len(distinct) + len(case.dangling))


def _supports(sentence: Sentence, windows: Sequence[Window], number: int, holds: bool, asked: str, library: Library) -> bool:
    """Whether one of a sentence's citations supports it, alone or by being missed; `holds` is whether they do together."""
    if len(windows) == 1:
        return holds
    if supported(sentence, windows[number : number + 1], asked, library):
        return True
    return holds and not supported(sentence, [*windows[:number], *windows[number + 1 :]], asked, library)


def _f1(held: int, needing: int, supporting: int, cited: int) -> Measures:
    precision = supporting / cited if cited else 0.0
    # An answer of framing and questions only has nothing that needs support: its citations decide.
    recall = held / needing if needing else float(precision > 0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "citation_recall": Measured(recall, None, float(held), float(needing)),
        "citation_precision": Measured(precision, None, float(supporting), float(cited)),
        "citation_f1": Measured(f1),
    }


def _correct_source(case: Case) -> Measured:
    """Share of the distinct posts cited that hold the answer; 0 where nothing is cited."""
    if not case.good_posts and not case.good_threads:
        return nothing(Why.NO_QRELS)
    posts = {cited.post: cited for cited in case.citations}
    if not posts:
        return Measured(0.0, None, 0.0, 0.0)
    good = [c for c in posts.values() if case.holds_answer(c.post, c.source, case.thread_of(c.post, c.thread))]
    return share(float(len(good)), float(len(posts)))
