"""A sentence held against the posts that it cites: spans, verdicts, several posts together, code."""

import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.answering.support.check import Checked, Support
from assistant.answering.support.verbatim import folded
from assistant.language.segments import sentences, trimmed
from assistant.types import Part, Passage, Post, Verdict

BODY = (
    "Since the update to Fennel 4.2 our nightly export stops after 30 seconds with error E1207. The export of single tables "
    "still works. I raised export.timeout to 1,200 and the error went away.\n\n"
    "    export --table orders --format csv\n    export --all --retry 3\n\n"
    "Does anybody know whether the timeout is per table? The disk is not full. Two of our four servers show the same."
)
TITLE = "Nightly export stops in Fennel"


def post(body: str = BODY, title: str = TITLE, name: str = "p1", thread: str = "") -> Post:
    return Post(name, thread or name, title, body, f"sha-{name}")


def passage(of: Post, label: int = 1) -> Passage:
    end = sentences(of.body)[0].end if of.body.strip() else 0
    return Passage(label, of, 0, end, of.body[:end], 1.0)


def rare(term: str) -> float:
    return 1.0


@pytest.fixture(scope="session")
def checks(embedder: object) -> Callable[..., list[Checked]]:
    def check(claim: str, *posts: Post, without: frozenset[Part] = frozenset()) -> list[Checked]:
        passages = [passage(one, number) for number, one in enumerate(posts or (post(),), start=1)]
        return Support(passages, embedder, rare, without).check(claim, passages)  # type: ignore[arg-type]

    return check


Check = Callable[..., list[Checked]]


@pytest.mark.parametrize(
    "claim",
    [
        "The nightly export stops after 30 seconds with error `E1207` since Fennel 4.2.",
        "Raising `export.timeout` to 1200 made the error go away.",
        "The poster reports that the export of single tables still works.",
    ],
)
def test_what_the_post_says_is_verified(checks: Check, claim: str) -> None:
    (checked,) = checks(claim)
    assert (checked.verdict, checked.against) == (Verdict.VERIFIED, ())


@pytest.mark.parametrize(
    ("claim", "against"),
    [
        ("The nightly export stops after 45 seconds with error `E1207` since Fennel 4.2.", "number"),
        ("The nightly export stops after 30 seconds with error `E1208` since Fennel 4.2.", "identifier"),
        ("The nightly export stops after 30 seconds with error `E1207` since Fennel 4.3.", "number"),
        ("The export of single tables does not work.", "negation"),
        ("The disk is full.", "negation"),
        ("The timeout is per table.", "certainty"),
        ("The kettle in the kitchen boils quickly.", "coverage"),
        ("See below:", "coverage"),
    ],
)
def test_what_the_post_does_not_say_is_not_and_why_is_said(checks: Check, claim: str, against: str) -> None:
    (checked,) = checks(claim)
    assert checked.verdict is Verdict.UNSUPPORTED
    assert against in checked.against


def test_the_span_is_the_sentence_that_says_it_wherever_it_stands_in_the_post(checks: Check) -> None:
    (checked,) = checks("The disk is not full, says the poster.")
    assert "The disk is not full." in BODY[checked.span.start : checked.span.end]


@pytest.mark.parametrize("span", sentences(BODY, cut_blocks=True))
def test_a_sentence_of_the_post_is_verified_word_for_word(checks: Check, span: tuple[int, int]) -> None:
    (checked,) = checks(BODY[span[0] : span[1]])
    assert checked.verdict is Verdict.VERIFIED
    assert checked.score == 1.0


WORDS = st.sampled_from("export table error 30 seconds E1207 not works Fennel 4.2 disk full `retry` ? . server".split())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(WORDS, max_size=60).map(" ".join), claim=st.lists(WORDS, max_size=12).map(" ".join))
def test_spans_lie_in_the_body_trimmed_and_verdicts_repeat(hashing: Callable[[], object], body: str, claim: str) -> None:
    passages = [passage(post(body))]
    support = Support(passages, hashing(), rare)  # type: ignore[arg-type]
    (checked,) = support.check(claim, passages)
    assert 0 <= checked.span.start <= checked.span.end <= len(body)
    assert checked.span.end - checked.span.start <= max(600, *(len(word) for word in ["", *body.split()]))
    assert trimmed(body, checked.span) == checked.span
    assert 0 <= checked.score <= 1
    assert (checked.verdict is Verdict.VERIFIED) == (not checked.against)
    assert Support(passages, hashing(), rare).check(claim, passages) == [checked]  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([BODY[start:end] for start, end in sentences(BODY)]),
    lacking=st.integers(5000, 99999).map(str)
    | st.from_regex(r"[a-z]{4,8}_[a-z]{4,8}\(\)", fullmatch=True).map(lambda name: f"`{name}`"),
)
def test_a_number_or_identifier_that_the_post_lacks_is_never_verified(
    hashing: Callable[[], object], start: str, lacking: str
) -> None:
    passages = [passage(post())]
    (checked,) = Support(passages, hashing(), rare).check(f"{start} {lacking}", passages)  # type: ignore[arg-type]
    assert checked.verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("claim", ["The limit is 1,000 rows.", "The limit is 1000 rows."])
def test_thousands_are_the_same_with_and_without_a_comma(checks: Check, claim: str) -> None:
    for body in ("The limit is 1,000 rows here.", "The limit is 1000 rows here."):
        assert checks(claim, post(body))[0].verdict is Verdict.VERIFIED


QUARRY = (
    "The importer crashes on sheets with more than 300 rows.",
    "Deleting the 12 lock files before the start avoids it.",
    "The importer crashes on sheets with more than 300 rows, and deleting the 12 lock files before the start avoids it.",
)


def test_two_posts_of_a_thread_may_support_together_what_neither_does_alone(checks: Check) -> None:
    one, two = (post(body, "Quarry importer", body[:3], thread="t") for body in QUARRY[:2])
    other = post("The canteen opens at noon.", "Canteen", "c")
    assert [one.verdict for one in checks(QUARRY[2], one, two, other)] == [
        Verdict.VERIFIED,
        Verdict.VERIFIED,
        Verdict.UNSUPPORTED,
    ]


def test_posts_of_two_threads_never_support_together(checks: Check) -> None:
    one, two = (post(body, "Quarry importer", body[:3]) for body in QUARRY[:2])
    assert [one.verdict for one in checks(QUARRY[2], one, two)] == [Verdict.UNSUPPORTED] * 2


def test_of_two_posts_only_the_one_that_says_it_is_verified(checks: Check) -> None:
    other = post("The canteen opens at noon.", "Canteen", "c")
    checked = checks("The export of single tables still works.", other, post())
    assert [one.verdict for one in checked] == [Verdict.UNSUPPORTED, Verdict.VERIFIED]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("```sh\nexport --table orders  --format csv\nexport --all --retry 3\n```", Verdict.VERIFIED),
        ("    export --all --retry 3", Verdict.VERIFIED),
        ("```\nexport --all --retry 4\n```", Verdict.UNSUPPORTED),
        ("```\nexport --all --retry 3\nrm -rf build\n```", Verdict.UNSUPPORTED),
        ("```\n}\n```", Verdict.UNSUPPORTED),
    ],
)
def test_each_line_of_code_has_to_stand_in_the_post(checks: Check, claim: str, verdict: Verdict) -> None:
    assert checks(claim)[0].verdict is verdict


@pytest.mark.parametrize(("threads", "verdict"), [("tt", Verdict.VERIFIED), ("tu", Verdict.UNSUPPORTED)])
def test_lines_of_code_come_together_from_one_thread_only(checks: Check, threads: str, verdict: Verdict) -> None:
    one = post("    export --table orders", name="a", thread=threads[0])
    two = post("    import --all --retry 3", name="b", thread=threads[1])
    assert [each.verdict for each in checks("```\nexport --table orders\nimport --all --retry 3\n```", one, two)] == [
        verdict
    ] * 2


def test_without_the_check_each_citation_counts_with_its_best_span(checks: Check) -> None:
    (checked,) = checks("The export of single tables does not work.", without=frozenset({Part.CHECKING}))
    assert (checked.verdict, checked.against) == (Verdict.VERIFIED, ())
    assert "single tables" in BODY[checked.span.start : checked.span.end]


def test_no_passage_gives_no_verdict_and_an_empty_post_none_that_is_good(hashing: Callable[[], object]) -> None:
    support = Support([], hashing(), rare)  # type: ignore[arg-type]
    assert support.check("The export stops.", []) == []
    (checked,) = support.check("The export stops.", [passage(post(""))])
    assert (checked.verdict, checked.span) == (Verdict.UNSUPPORTED, (0, 0))


def test_preparing_embeds_each_sentence_once(hashing: Callable[[], object]) -> None:
    embedder = hashing()
    passages: Sequence[Passage] = [passage(post()), passage(post(), 2)]
    support = Support(passages, embedder, rare)  # type: ignore[arg-type]
    support.prepare()
    embedded = list(embedder.texts)  # type: ignore[attr-defined]
    assert sorted(embedded) == sorted(BODY[start:end] for start, end in sentences(BODY, cut_blocks=True))
    support.check("The export of single tables works again.", passages)
    assert embedder.texts[len(embedded) :] == ["The export of single tables works again."]  # type: ignore[attr-defined]


def test_a_long_post_is_embedded_about_its_passage_and_still_read_to_its_end(hashing: Callable[[], object]) -> None:
    body = " ".join(f"Line {number} says nothing." for number in range(200)) + " The valve sticks in frost."
    embedder = hashing()
    support = Support([passage(post(body))], embedder, rare)  # type: ignore[arg-type]
    support.prepare()
    assert len(embedder.texts) == 40  # type: ignore[attr-defined]
    (checked,) = support.check("In frost the valve sticks.", [passage(post(body))])
    assert "The valve sticks in frost." in body[checked.span.start : checked.span.end]


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert not re.search(r"\s\s", folded(text))


REFUTING = "> The kiln reaches 900 degrees on the small plug.\nNo, that is wrong. On the small plug the kiln trips the fuse."


@pytest.mark.parametrize(
    "claim", ["The kiln reaches 900 degrees on the small plug.", "On the small plug the kiln gets to 900 degrees."]
)
def test_what_a_post_quotes_of_somebody_else_is_no_evidence(checks: Check, claim: str) -> None:
    assert checks(claim, post(REFUTING, "Kiln"))[0].verdict is Verdict.UNSUPPORTED


def test_beside_a_quotation_a_posts_own_words_are_evidence(checks: Check) -> None:
    (checked,) = checks("The kiln trips the fuse on the small plug.", post(REFUTING, "Kiln"))
    assert checked.verdict is Verdict.VERIFIED
    assert REFUTING[checked.span.start : checked.span.end] == "On the small plug the kiln trips the fuse."


def test_a_post_that_is_all_quotation_counts_as_it_is(checks: Check) -> None:
    quoted = post(REFUTING.splitlines()[0], "Kiln")
    assert checks("The kiln reaches 900 degrees on the small plug.", quoted)[0].verdict is Verdict.VERIFIED


@pytest.mark.parametrize("claim", ["`export.timeout`", "E1207.", "`export.timeout` and 1,200", "Code=9", "stops"])
def test_a_name_or_number_alone_states_nothing(checks: Check, claim: str) -> None:
    (checked,) = checks(claim, post(f"{BODY} It ends with Code=9."))
    assert (checked.verdict, checked.against) == (Verdict.UNSUPPORTED, ("coverage",))


def test_a_name_alone_is_verified_where_the_post_says_just_that(checks: Check) -> None:
    assert checks("Code=9", post("What it prints:\nCode=9\nNothing else."))[0].verdict is Verdict.VERIFIED


TIMES = "Since 5.2 an upload may take 240 seconds on the cable and 45 over the air."


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Since 5.2 an upload may take 45 seconds on the cable and 240 over the air.", Verdict.UNSUPPORTED),
        ("Uploads may take 240 seconds on the cable and 45 over the air since 5.2.", Verdict.VERIFIED),
    ],
)
def test_two_numbers_that_changed_places_are_noticed(checks: Check, claim: str, verdict: Verdict) -> None:
    (checked,) = checks(claim, post(TIMES, "Uploads"))
    assert checked.verdict is verdict
    assert ("number" in checked.against) == (verdict is Verdict.UNSUPPORTED)


def test_a_version_in_the_sentence_before_holds_for_the_next(checks: Check) -> None:
    body = "I am on Fennel 7.3 now. The doubled rows in the export are gone. The disk is slow."
    assert checks("On 7.3 the doubled rows in the export are gone.", post(body, "Rows"))[0].verdict is Verdict.VERIFIED


PADDED = "The export of single tables still works, and it also wipes every mailbox of the accounting department."


def test_a_good_first_half_does_not_carry_a_made_up_second(checks: Check) -> None:
    (checked,) = checks(PADDED)
    assert checked.verdict is Verdict.UNSUPPORTED
    assert "coverage" in checked.against
