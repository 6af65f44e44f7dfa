"""What an answer says in its own words: which citations stand behind a sentence, and what of it is their quotation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.quotes import Quote, quote_state
from assistant.evaluation.measures.reading import Reading, Sentence
from assistant.evaluation.measures.wordings import fold
from assistant.evaluation.records import Cited


def owned(reading: Reading, citations: Sequence[Cited]) -> list[tuple[Sentence, list[Cited]]]:
    """The sentences of an answer with the citations of each: by its markers; a citation without a marker in the text
    belongs to the sentence that its claim repeats, or to none."""
    unmarked = [cited for cited in citations if cited.n not in reading.labels and cited.sentence.strip()]
    claims = [(fold(Reading(cited.sentence).plain), cited) for cited in unmarked]
    pairs = []
    for sentence in reading.sentences:
        own = [cited for cited in citations if cited.n in sentence.labels] if sentence.labels else []
        own += [cited for claim, cited in claims if sentence.folded in claim or claim in sentence.folded]
        pairs.append((sentence, own))
    return pairs


def unquoted(reading: Reading, citations: Sequence[Cited], library: Library) -> Iterator[tuple[Sentence, str]]:
    """The sentences with what is left of each, folded, without what its citations quote word for word from their posts."""
    for sentence, own in owned(reading, citations):
        left = sentence.folded
        for quote in (fold(cited.quote) for cited in own if quote_state(cited, library) is Quote.FOUND):
            left = "" if left in quote else left.replace(quote, " ")
        if left:
            yield sentence, left
