"""Sentences and markers of what models write about forum posts: a table of examples, and what is no marker."""

from __future__ import annotations

import pytest

from assistant.answering.drafting.draft import Draft
from assistant.answering.drafting.markers import labels_of
from assistant.answering.drafting.sentences import Marker, Sentence


def shown(text):
    """Each sentence as its text and labels; a late marker as its labels alone."""
    draft = Draft()
    units = [*draft.feed(text), *draft.end()]
    return [unit.labels if isinstance(unit, Marker) else (unit.text, *unit.labels) for unit in units]


@pytest.mark.parametrize(
    ("bracket", "labels"),
    [
        ("[1]", (1,)),
        ("[0]", (0,)),
        ("[999]", (999,)),
        ("[1, 2]", (1, 2)),
        ("[1; 2]", (1, 2)),
        ("[1,2,3]", (1, 2, 3)),
        ("[2, 1, 2]", (2, 1)),
        ("[1-3]", (1, 2, 3)),
        ("[1–3]", (1, 2, 3)),
        ("[1-20]", tuple(range(1, 21))),
        ("[1-90]", (1, 90)),
        ("[3-1]", (3, 1)),
        ("[1, 4-6]", (1, 4, 5, 6)),
        ("[^1]", (1,)),
        ("【1】", (1,)),
        ("【1†source】", (1,)),
        ("【4:0†source】", (4,)),
        ("[post 1]", (1,)),
        ("[Post 1]", (1,)),
        ("[source 2]", (2,)),
        ("[passage 1, passage 3]", (1, 3)),
        ("[doc 1]", (1,)),
        ("[posts 1-2]", (1, 2)),
        ("[1000]", None),
        ("[2024-11]", None),
        ("[0-9]", None),
        ("[x]", None),
        ("[ ]", None),
        ("[ 1 ]", None),
        ("[]", None),
        ("[sic]", None),
        ("(1)", None),
        ("[1.5]", None),
    ],
)
def test_labels_of_a_bracket(bracket, labels):
    assert labels_of(bracket) == labels


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It fails [1].", [("It fails.", 1)]),
        ("It fails. [1] Next", [("It fails.", 1), ("Next",)]),
        ("It fails.[1][2]", [("It fails.", 1, 2)]),
        ("It fails [1] [2]. Next [3].", [("It fails.", 1, 2), ("Next.", 3)]),
        ("It fails [1]. [2] Next", [("It fails.", 1), (2,), ("Next",)]),
        ("It fails [1]. [2] says so.", [("It fails.", 1), ("says so.", 2)]),
        ("Use v1.2 of foo.js [1].", [("Use v1.2 of foo.js.", 1)]),
        ("Use e.g. fskit [1]. Or not.", [("Use e.g. fskit.", 1), ("Or not.",)]),
        ("That is, i.e. the mount, fails [2].", [("That is, i.e. the mount, fails.", 2)]),
        ("Fixed in v1.2. [1] Then it works.", [("Fixed in v1.2.", 1), ("Then it works.",)]),
        ("See Fig. 3 [1]. Done.", [("See Fig. 3.", 1), ("Done.",)]),
        ("Broken in 26.4 beta 2 [1]; fine in 26.3 [2].", [("Broken in 26.4 beta 2; fine in 26.3.", 1, 2)]),
        ("Wait... it works [1].", [("Wait... it works.", 1)]),
        ("Wait... [1] Next one.", [("Wait...", 1), ("Next one.",)]),
        ("Wait… [1] Next one.", [("Wait…", 1), ("Next one.",)]),
        ("Yes! [1] No? [2]", [("Yes!", 1), ("No?", 2)]),
        ("It fails [1]... Next", [("It fails.", 1), ("Next",)]),
        ("He said “so.” [1] Then he left.", [("He said “so.”", 1), ("Then he left.",)]),
        ("(It works [1].) So be it.", [("(It works.", 1), ("So be it.",)]),
        ("**It fails.** [1] Next one.", [("**It fails.**", 1), ("Next one.",)]),
        ("**Cause**: the cache [1].", [("**Cause**: the cache.", 1)]),
        ("失敗する[1]。次は動く。[2]", [("失敗する。", 1), ("次は動く。", 2)]),
        ("これは失敗する。なぜ？", [("これは失敗する。",), ("なぜ？",)]),
        ("لا يعمل [1]. جرّب هذا [2].", [("لا يعمل.", 1), ("جرّب هذا.", 2)]),
        ("Оно не работает[1]. Да.", [("Оно не работает.", 1), ("Да.",)]),
        ("It works 👍. [1] Next", [("It works 👍.", 1), ("Next",)]),
        ("It gave NSPOSIXErrorDomain Code=1. [1] Try again.", [("It gave NSPOSIXErrorDomain Code=1.", 1), ("Try again.",)]),
        ("See https://a.example/x[1]?b=[2] for it [3].", [("See https://a.example/x[1]?b=[2] for it.", 3)]),
        ("[1]", [("", 1)]),
        ("[1].", [(".", 1)]),
        ("[1, 2]\n\nNext.", [("", 1, 2), ("Next.",)]),
        ("- It fails [1]\n- It works\n  - in part [2]", [("It fails", 1), ("It works",), ("in part", 2)]),
        ("1. Open it. [1]\n2. Close it. [2]", [("Open it.", 1), ("Close it.", 2)]),
        ("* **A**: x [1]\n* **B**: y [2]", [("**A**: x", 1), ("**B**: y", 2)]),
        ("- [x] Done [1]\n- [ ] Open", [("[x] Done", 1), ("[ ] Open",)]),
        ("# Cause [1]\nThe cache.", [("Cause", 1), ("The cache.",)]),
        ("> It fails [1].\n> It works.", [("It fails.", 1), ("It works.",)]),
        ("| a | b |\n|---|---|\n| c. D [1] | e |", [("| a | b |",), ("| c. D | e |", 1)]),
        ("a | b\n--|--\nc [1] | d\ne | f\n\nEnd", [("a | b",), ("c | d", 1), ("e | f",), ("End",)]),
        ("The first line\ngoes on here [1].", [("The first line\ngoes on here.", 1)]),
        ("A paragraph\n\n[1]\n\nAnother", [("A paragraph", 1), ("Another",)]),
        ("A paragraph\n\n[1] says no.", [("A paragraph",), ("says no.", 1)]),
        ("Try:\r\n\r\n- a [1]\r\n- b\r\n", [("Try:",), ("a", 1), ("b",)]),
        ("Run:\n```sh\nls a[1]. B\n```\n[1]\nNext", [("Run:",), ("```sh\nls a[1]. B\n```",), (1,), ("Next",)]),
        ("Run:\n\n    x = a[1]\n\nNext [2].", [("Run:",), ("    x = a[1]",), ("Next.", 2)]),
        ("As [1] says, it fails. As [2] says, it works.", [("As says, it fails.", 1), ("As says, it works.", 2)]),
        ("It uses FSKit[1]. Fine on macOS[2], too.", [("It uses FSKit.", 1), ("Fine on macOS, too.", 2)]),
        ("virtiofs[1][2]. Next", [("virtiofs.", 1, 2), ("Next",)]),
        ("`virtiofs`[1] fails.", [("`virtiofs` fails.", 1)]),
        (
            "Sources\n[1]: https://a.example\n[2]: https://b.example",
            [("Sources",), ("[1]: https://a.example",), ("[2]: https://b.example",)],
        ),
        ("One ` tick. Next [1].", [("One ` tick.",), ("Next.", 1)]),
    ],
)
def test_sentences_of_a_model(text, wanted):
    assert shown(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "array[0] is empty",
        "read argv[1] first",
        "matrix[1][2] is it",
        "foo()[1] is it",
        "foo(a(b))[1] is it",
        "my_list[2] is it",
        "myArray[1] is it",
        "self.items[1] is it",
        "word[1]x",
        "`a[1]`",
        "``a ` [1]``",
        "a link [1](https://a.example)",
        "a link [the docs](https://a.example/[1])",
        "a link [the docs][1]",
        "escaped \\[1\\]",
        "digits [0-9] and [1.5] and [1000]",
        "(1) and {1} and <1>",
        "~~~\n[1]\n~~~",
        "```\n[1]",
        "[^1]: a note",
    ],
)
def test_what_is_no_marker_stays_text(text):
    draft = Draft()
    units = [*draft.feed(text), *draft.end()]
    assert all(isinstance(unit, Sentence) and not unit.labels for unit in units)
    assert "".join(unit.lead + unit.text for unit in units).startswith(text)
