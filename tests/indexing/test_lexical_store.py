"""The lexical index: its scores are those of bm25s on the same terms, and its postings tell who holds what."""

from __future__ import annotations

import os
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.indexing.lexical_store import K1, METHOD, PAIR_WEIGHT, B, LexicalStore, pairs_of, write_lexical
from assistant.language.terms import terms

DOCUMENTS = [
    "The tunnel provider stalls after sleep",
    "A provider of volumes, and a tunnel elsewhere in the text, stalls",
    "TKMountErrorDomain Code=37 when mounting",
    "mounting mounting mounting a volume volume",
    "",
    "Volume 14.2.1 regressed",
]
QUESTIONS = ["tunnel provider", "mount volume", "TKMountErrorDomain", "14.2 volume volume", "nothing known here"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bm25")
    write_lexical(folder, DOCUMENTS)
    return LexicalStore(folder)


def oracle(documents, question):
    """Scores of bm25s, run plainly over lists of words."""
    index = bm25s.BM25(method=METHOD, k1=K1, b=B)
    index.index(documents, show_progress=False, create_empty_token=False)
    known = [term for term in question if term in index.vocab_dict]
    return index.get_scores(known) if known else np.zeros(len(documents))


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_are_those_of_bm25s_over_terms_and_pairs(store, question):
    documents = [terms(document) for document in DOCUMENTS]
    wanted = oracle(documents, terms(question)) + PAIR_WEIGHT * oracle(
        [pairs_of(document) for document in documents], pairs_of(terms(question))
    )
    assert np.allclose(store.scores(terms(question)), wanted, atol=1e-5)


def test_neighbouring_words_score_above_words_far_apart(store):
    scores = store.scores(terms("tunnel provider"))
    assert scores[0] > scores[1] > 0


def test_a_question_of_unknown_terms_scores_nothing(store):
    assert not store.scores(["unheard", "of"]).any()
    assert not store.scores([]).any()


@pytest.mark.parametrize("term", sorted({term for document in DOCUMENTS for term in terms(document)}))
def test_holders_are_the_posts_with_the_term(store, term):
    wanted = [row for row, document in enumerate(DOCUMENTS) if term in terms(document)]
    assert sorted(store.holders(term).tolist()) == wanted


def test_nobody_holds_an_unknown_term(store):
    assert store.holders("unheard").tolist() == []
    assert "unheard" not in store
    assert "tunnel" in store


def test_rarity_falls_with_every_holder(tmp_path):
    write_lexical(tmp_path, ["common", "common seldom", "common seldom", "common once"])
    store = LexicalStore(tmp_path)
    assert store.rarity("once") == store.rarity("unheard") == 1.0
    assert 1.0 > store.rarity("seldom") > store.rarity("common") == 0.0


@pytest.mark.parametrize("documents", [[], [""], ["", ""], ["one"], ["the and of"]])
def test_a_corpus_of_nearly_nothing_is_indexed(tmp_path, documents):
    write_lexical(tmp_path, documents)
    store = LexicalStore(tmp_path)
    assert store.size == len(documents)
    assert store.scores(["one"]).shape == (len(documents),)
    assert 0.0 <= store.rarity("one") <= 1.0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=6))
def test_there_is_a_pair_for_every_two_neighbours(words):
    assert pairs_of(words) == [f"{words[i]} {words[i + 1]}" for i in range(len(words) - 1)]


def test_a_closed_store_holds_no_file_open_though_it_is_still_referred_to(tmp_path):
    def held():
        links = (os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
        maps = Path("/proc/self/maps").read_text().splitlines()
        return [path for path in [*links, *maps] if str(tmp_path) in path]

    write_lexical(tmp_path, ["external camera", "internal camera"])
    store = LexicalStore(tmp_path)
    assert store.scores(["camera"]).any()
    assert held()
    store.close()
    assert held() == []
