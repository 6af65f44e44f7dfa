"""Words in a text: surface forms, names and numbers, sentences with their markers, and what needs support."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answering import wording
from assistant.errors import EvaluationError
from assistant.evaluation.measures.atoms import Atom, atoms_of
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.measures.wordings import fold, occurs, states
from assistant.evaluation.topics import Form, Nugget
from assistant.types import Near, Post, Refusal, Role

LETTERS = st.text(st.sampled_from("abcXYZ019.,-/:`“”' \n"), max_size=60)


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("2.4", "fixed in 2.4.", True),
        ("2.4", "fixed in 2.4.1", False),
        ("2.4", "fixed in 12.4", False),
        ("2.4", "fixed in 1.2.4", False),
        ("12", "12,000 files", False),
        ("12", "12, or so", True),
        ("12", "4,12,7", True),
        ("000", "12,000", False),
        ("--no-dma", "use `--no-dma`.", True),
        ("--no-dma", "use --no-dma-x", False),
        ("no-dma", "use --no-dma", True),
        ("config", "the config_file", False),
        ("config", "the config.", True),
        ("don't", "Don’t do it", True),
        ("next  OPEN", "at the next\nopen", True),
        (("table", "stored form"), "in the stored form of the table", True),
        (("table", "stored form"), "in the table", False),
        ("re:(when|once).{0,10}open", "Once you open it", True),
        ("ﬁle", "the file", True),
        ("Straße", "STRASSE", True),
        ("", "anything", False),
        ("(a+b)*", "what (a+b)* means", True),
    ],
)
def test_a_form_occurs_as_whole_words_names_and_numbers(form: Form, text: str, found: bool):
    assert occurs(form, fold(text)) is found


def test_a_form_that_vetoes_takes_a_nugget_back():
    nugget = Nugget(id="n", any_of=("5.15.3",), none_of=("not fixed in 5.15.3",))
    assert states(nugget, fold("Fixed in 5.15.3"))
    assert not states(nugget, fold("It is not fixed in 5.15.3"))


def test_a_pattern_that_is_none_is_an_error_with_the_pattern():
    with pytest.raises(EvaluationError, match=r"re:\("):
        occurs("re:(", "text")


def keys(text: str, code: tuple[str, ...] = ()) -> list[str]:
    return [atom.key for atom in atoms_of(text, code)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a self-hosted, well-known and/or read/write mode, e.g. the poster's", []),
        ("1. First\n2) Second\nStep 3 is (4) easy", []),
        ("two of them, don't", []),
        ("use --no-dma=2 or -v", ["--no-dma", "2", "-v"]),
        ("kernel v5.15.3, not 5.15.", ["5.15.3", "5.15"]),
        ("ENOENT, FB12345, 0xdead, CVE-2021-1234", ["enoent", "fb12345", "0xdead", "cve-2021-1234"]),
        ("see /dev/sda1 and ~/x/y.txt", ["/dev/sda1", "~/x/y.txt"]),
        ("os.path.join, leases.db and foo_bar", ["os.path.join", "leases.db", "foo_bar"]),
        ("call run() on TKBatch", ["run", "tkbatch"]),
        ("1,000 files of 50% after 10ms, the 3rd", ["1000", "50", "10", "3"]),
        ("It stops.Next it starts", []),
        ("Code=12 at 10:30", ["12", "10", "30"]),
        ("at 12:09:43.017192-0700 0x0", ["12", "09", "43.017192", "0700", "0x0"]),
        ("_assertionFailure(_:_:file", ["_assertionfailure"]),
        ("_5.15_ of file(s)", ["5.15"]),
    ],
)
def test_names_and_numbers_are_what_could_be_invented(text: str, found: list[str]):
    assert keys(text) == found


def test_what_stands_in_backticks_is_code():
    assert [(atom.key, atom.code) for atom in atoms_of("the plain word", ("plain",))] == [("plain", True)]


def test_only_code_formatted_atoms_admit_no_paraphrase():
    code = {atom.key: atom.code for atom in atoms_of("5.15.3 5.15 --flag /a/b os.path snake_case camelCase ENOENT 42 sha256")}
    assert [key for key, strict in code.items() if not strict] == ["5.15", "42", "sha256"]


@pytest.mark.parametrize(
    ("atom", "text", "there"),
    [
        (Atom("2", number=True), "two of them", True),
        (Atom("2", number=True), "often", False),
        (Atom("1000", number=True), "1,000 files", True),
        (Atom("3", number=True), "on 2024-03-01", True),
        (Atom("10", number=True), "10ms", True),
        (Atom("10", number=True), "2.10", False),
        (Atom("10", number=True), "100", False),
        (Atom("2", number=True), "1,2,3", True),
        (Atom("000", number=True), "1,000", False),
        (Atom("5.15", number=True), "5.15.3", False),
        (Atom("5.15.3", True), "v5.15.3", False),
        (Atom("foo_bar", True), "foo_bar()", True),
    ],
)
def test_an_atom_stands_in_a_text_as_a_whole(atom: Atom, text: str, there: bool):
    assert atom.stands_in(fold(text)) is there


@settings(deadline=None)
@given(LETTERS)
def test_every_atom_of_a_text_stands_in_that_text(text: str):
    assert [atom.key for atom in atoms_of(text) if not atom.stands_in(fold(text))] == []


@settings(deadline=None)
@given(LETTERS)
def test_reading_a_text_loses_no_word_of_it(text: str):
    assert sorted("".join(sentence.text for sentence in Reading(text).sentences).split("\n"))
    assert [c for c in Reading(text).plain if c.isalnum()] == [c for c in text if c.isalnum()]


def owners(text: str, known: tuple[int, ...] = (1, 2, 3)) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.labels) for sentence in Reading(text, known).sentences]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One here [1]. Two here [2].", [("One here.", (1,)), ("Two here.", (2,))]),
        ("One here. [1] Two here. [2]", [("One here.", (1,)), ("Two here.", (2,))]),
        ("One [1] and two [2][3].", [("One and two.", (1, 2, 3))]),
        ("One here [1, 3]. Two [1-3]", [("One here.", (1, 3)), ("Two", (1, 2, 3))]),
        ("[1] One here.", [("One here.", (1,))]),
        ("Zero.\n[1] One here.", [("Zero.", ()), ("One here.", (1,))]),
        ("One here.\n[1]", [("One here.", (1,))]),
        ("Use `row[1]` here [2].", [("Use row[1] here.", (2,))]),
        ("Use row[7] here.", [("Use row[7] here.", ())]),
        (r"Use \[1\] here.", [("Use [1] here.", ())]),
        ("> One here. [1]\n>\n> Two here. [2]", [("One here.", (1,)), ("Two here.", (2,))]),
        ("```\nx[1]\n```\nOne here. [1]", [("```\nx[1]\n```", ()), ("One here.", (1,))]),
    ],
)
def test_a_sentence_owns_the_markers_in_it_and_behind_its_full_stop(text: str, found: list[tuple[str, tuple[int, ...]]]):
    assert owners(text) == found


def test_a_marker_without_its_citation_is_still_a_marker():
    assert Reading("It is so [9].", {1}).labels == (9,)


@pytest.mark.parametrize(
    ("sentence", "needs"),
    [
        ("The tunnel drops after every sleep.", True),
        ("Use 5.15.3.", True),
        ("It works.", False),
        ("Does the tunnel drop after every sleep?", False),
        ("The poster lists the steps that helped:", False),
        ("I could not find which version fixed the tunnel.", False),
        ("Unfortunately the posts do not say which version.", False),
    ],
)
def test_what_states_something_needs_support(sentence: str, needs: bool):
    assert [one.needs_support for one in Reading(sentence).sentences] == [needs]


def post(title: str, role: Role = Role.QUESTION, **more: object) -> Post:
    return Post("p1", "t1", title, "Body.", "sha", role=role, created="2024-03-09", replies=7, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("title", ["Crash? On 5.15 it stops. Why", "Plain words", "Does it?", "Brackets [1] and `code`"])
def test_our_own_words_around_a_quotation_need_no_support_and_invent_nothing(role: Role, title: str):
    text = wording.block(post(title, role), [[("The kit is fixed in 9.1.2.", 1)]])
    framing = [sentence for sentence in Reading(text, {1}).sentences if not sentence.labels]
    assert framing
    assert not any(sentence.needs_support for sentence in framing)
    assert {atom.key for sentence in framing for atom in sentence.atoms} <= set(keys(title))


def test_a_refusal_of_ours_states_no_name_or_number_but_those_of_titles():
    text = wording.refused(Refusal.ASKED_NOT_ANSWERED, [Near("p2", "Error 77 in leases.db", 0.5)], post("Crash on 5.15"))
    assert {atom.key for sentence in Reading(text).sentences for atom in sentence.atoms} == {"77", "leases.db", "5.15"}


def test_plain_text_has_no_markup_of_ours_left():
    text = wording.block(post("A title"), [[("Use `arr[1]` & <b> of *x* for \\n.", 1)]])
    assert "Use `arr[1]` & <b> of *x* for \\n." in Reading(text, {1}).plain


def test_a_range_of_more_markers_than_an_answer_has_is_two_numbers() -> None:
    from assistant.evaluation.measures.reading import Reading

    assert Reading("It holds [2-4].", (2, 3, 4)).labels == (2, 3, 4)
    assert Reading("It holds [1-300].", (1,)).labels == (1, 300)
