"""Whether two texts say the same or the opposite, and how they say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.support import stance
from assistant.answering.support.polarity import conflict, words

OPPOSITE = [
    ("The widget works on Android.", "The widget does not work on Android."),
    ("The widget works on Android.", "The widget fails on Android."),
    ("Caching is enabled by default.", "Caching is disabled by default."),
    ("The export never loses formatting.", "The export always loses formatting."),
    ("The driver supports duplex printing.", "Duplex printing is unsupported by the driver."),
    ("The agent must be restarted.", "The agent cannot be restarted."),
    ("The creator of an account can be changed.", "Changing the creator of an account isn't possible."),
    ("The install finishes with a warning.", "The install finishes without a warning."),
    ("Reloading the index is sufficient.", "Reloading the index is not enough."),
    ("The patch increases memory use.", "The patch reduces memory use."),
    ("Two accounts for one person are allowed.", "Two accounts for one person are against the rules."),
    ("A longer cable cures the hum.", "A longer cable made no difference to the hum."),
    ("A longer cable helps with the hum.", "A longer cable has no effect on the hum."),
    ("The switch keeps the preview on.", "The switch disables the preview."),
    ("The port must be a string.", "The port must be a number, not a string."),
]
SAME = [
    ("The widget fails on Android.", "The widget does not work on Android."),
    ("The archive contains no errors.", "The archive does not contain errors."),
    ("Caching is not enabled.", "Caching is disabled."),
    ("It is impossible to change the creator.", "Changing the creator is not possible."),
    ("The widget works on Android.", "It works on Android, but it does not work on the web."),
    ("The backup is not only quick but small.", "The backup is quick and small."),
    ("The printer is loud.", "The scanner is not supported."),
    ("The port must be a number, not a string.", "A string was fine for the port before, now it must be a number."),
    ("Two accounts are not allowed.", "Two accounts are against the rules."),
]


@pytest.mark.parametrize(("claim", "evidence"), OPPOSITE)
def test_a_negation_or_an_antonym_of_what_is_claimed_is_a_conflict(claim: str, evidence: str) -> None:
    assert conflict(claim, evidence) > 0
    assert conflict(evidence, claim) > 0


@pytest.mark.parametrize(("claim", "evidence"), SAME)
def test_the_same_in_other_words_is_no_conflict(claim: str, evidence: str) -> None:
    assert conflict(claim, evidence) == 0


@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=80) | st.sampled_from([b for b, _ in OPPOSITE])
)
def test_nothing_contradicts_itself(text: str) -> None:
    assert conflict(text, text) == 0


@given(st.text(max_size=120), st.text(max_size=120))
def test_a_conflict_is_a_share(claim: str, evidence: str) -> None:
    assert 0 <= conflict(claim, evidence) <= 1


def test_a_number_is_never_denied() -> None:
    assert not any(word.denied for word in words("It was not there in 6.2.") if word.group == "6.2")


@pytest.mark.parametrize(
    "asking",
    [
        "Does the cache survive a restart?",
        "I wonder whether the cache survives a restart.",
        "No idea if the cache survives a restart.",
    ],
)
def test_a_question_states_nothing(asking: str) -> None:
    assert stance.asked_only("The cache survives a restart.", asking)
    assert not stance.asked_only("The poster asks whether the cache survives a restart.", asking)


def test_a_guess_supports_a_guess_only() -> None:
    guess = "I think the new scheduler drops the job."
    assert stance.supposed_only("The new scheduler drops the job.", guess)
    assert not stance.supposed_only("The new scheduler probably drops the job.", guess)


def test_some_is_not_all() -> None:
    assert stance.widened("All printers lose the tray.", "Our printer loses the tray.")
    assert not stance.widened("All printers lose the tray.", "Every printer loses the tray.")


def test_who_told_whom_is_read_off_the_post() -> None:
    post = "Reply by Nadia: the tray has to be closed first."
    assert stance.other_speaker("The poster told Nadia that the tray has to be closed.", post)
    assert not stance.other_speaker("Nadia told the poster that the tray has to be closed.", post)


@pytest.mark.parametrize(
    "claim",
    ["The poster reports that the tray jams.", "According to a reply, the tray jams.", "One user says the tray jams."],
)
def test_words_that_say_who_said_it_are_no_content(claim: str) -> None:
    assert stance.content_of(claim).strip(" .") == "the tray jams"


@pytest.mark.parametrize(
    ("claim", "evidence", "after"),
    [
        ("The tray runs without a cover.", "I would like to run the tray without a cover.", ""),
        ("The tray can be run from a script.", "We want to run the tray from a script.", ""),
        ("The tray runs upside down.", "The tray could run upside down.", "Did anybody try?"),
        ("It is normal that the tray hums.", "The tray hums on start.", "Is that normal?"),
        ("It is normal that the tray hums.", "The tray hums on start. Normal?", ""),
    ],
)
def test_a_wish_or_what_is_asked_right_behind_is_not_stated(claim: str, evidence: str, after: str) -> None:
    assert stance.asked_only(claim, evidence, after)
    assert not stance.asked_only(f"The poster asks about this: {claim}", evidence, after)


@pytest.mark.parametrize(
    ("claim", "evidence", "after"),
    [
        ("The tray hums on start.", "The tray hums on start.", "Is that normal?"),
        ("The tray jams on thick paper.", "I was trying to print on thick paper, but the tray jams.", ""),
    ],
)
def test_a_fact_stays_stated_whatever_is_asked_about_it(claim: str, evidence: str, after: str) -> None:
    assert not stance.asked_only(claim, evidence, after)


@pytest.mark.parametrize(
    ("claim", "bare", "alike"),
    [
        ("Cleaning the tray is recommended.", "I cleaned the tray.", "Clean the tray, better weekly."),
        ("The tray must be closed.", "The tray was closed.", "The tray has to be closed."),
        ("The tray is officially discontinued.", "The tray is discontinued.", "The documentation calls the tray discontinued."),
        ("The order of pages is guaranteed.", "The order of pages was right.", "They promise the order of pages."),
        ("Only the tray is affected.", "The tray is affected.", "Nothing else than the tray is affected."),
        ("The tray never jams.", "The tray jams.", "The tray does not jam."),
    ],
)
def test_a_word_that_binds_needs_its_like_in_the_post(claim: str, bare: str, alike: str) -> None:
    assert stance.binds(claim, bare)
    assert not stance.binds(claim, alike)


def test_an_instruction_bears_out_what_must_be_done() -> None:
    assert not stance.binds("The tray must be opened first.", "Open the tray. Pull out the sheet.")
