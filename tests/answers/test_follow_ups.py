"""Follow-ups: a question that stands by itself is left alone, one that points back carries its subject."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering import wording
from assistant.answering.fields import parse
from assistant.conversation import standalone
from assistant.conversation.phrases import NOT_HERE
from assistant.conversation.reading import asks_nothing, without_opening
from assistant.pipeline import answer_of
from assistant.types import Near, Post, Refusal, Rewriting, Status, Turn

SUBJECT = "What does TKMountErrorDomain Code=37 mean on Corvid OS 14.2?"
HISTORY = (Turn("user", SUBJECT), Turn("assistant", "It was refused by the broker [1]."))


def rarity(term):
    return 0.0 if term in {"mean", "post"} else 0.8


def conversation(*contents):
    return tuple(Turn(("user", "assistant")[at % 2], content) for at, content in enumerate(contents))


@pytest.mark.parametrize(
    "question",
    ["How do I mount a TideKit volume at login without a prompt?", "Which port does the local control socket of GNFlow use?",
     "Why does NTStoreCoordinator.stampModelHash take seconds per gigabyte on large stores?",
     "My toolbar keeps its light tint when the theme changes in the background, how do I fix it?",
     "Is it possible to shrink a sparse disk image?", "smart quotes in strings.ptable?",
     "Can somebody say that my widget that shows the weather is refreshed at night?"],
)  # fmt: skip
def test_a_question_with_a_subject_of_its_own_is_left_alone(question):
    asked = standalone(question, HISTORY, rarity)
    assert asked.text == question
    assert asked.how is Rewriting.NEW_SUBJECT
    assert asked.leans_on is None


@pytest.mark.parametrize(
    "question",
    ["How do I fix it?", "And on 14.1?", "What about the workaround?", "Why?", "Did anyone answer that?", "Is there a fix?",
     "did that fix it?", "same with QUIC?", "large files too?", "still true on 14.3?", "which one?", "official list somewhere",
     "would a smaller one help?", "what did the second reply suggest?", "Was the number documented anywhere?",
     "Which entitlement belongs to the approval?", "Does the broker log refusals anywhere?"],
)  # fmt: skip
def test_a_question_that_points_back_carries_the_subject(question):
    asked = standalone(question, HISTORY, rarity)
    assert asked.text.startswith(question)
    assert "TKMountErrorDomain" in asked.text
    assert asked.how is Rewriting.CARRIED
    assert asked.why
    assert asked.leans_on == SUBJECT


def test_the_first_question_is_left_alone_whatever_it_says():
    asked = standalone("And why is that so?", (), rarity)
    assert (asked.text, asked.how, asked.leans_on) == ("And why is that so?", Rewriting.AS_ASKED, None)


def test_no_plain_word_of_the_assistant_is_carried():
    assert "broker" not in standalone("How do I fix it?", HISTORY, rarity).text
    assert standalone("How do I fix it?", (Turn("assistant", "About TKVolume."),), rarity).text == "How do I fix it?"


def test_a_name_of_the_last_answer_is_carried_where_the_question_points_to_it():
    history = conversation("Why do readers see stale blocks?", "Set .revalidateOnOpen as the policy [1].")
    assert "revalidateOnOpen" in standalone("how do I set that?", history, rarity).text
    assert "revalidateOnOpen" not in standalone("why?", history, rarity).text


def test_few_names_of_an_answer_are_carried():
    history = conversation("Why do readers see stale blocks?", " ".join(f"NameNumber{at}Of" for at in range(50)))
    assert standalone("how do I set that?", history, rarity).text.count("NameNumber") == 3


def test_a_chain_of_follow_ups_keeps_the_first_subject():
    history = (*HISTORY, Turn("user", "How do I fix it?"), Turn("assistant", "Sign it."))
    asked = standalone("And then?", history, rarity)
    assert "TKMountErrorDomain" in asked.text
    assert "TKMountErrorDomain" in asked.leans_on


def test_thanks_in_between_are_passed_over():
    history = (*HISTORY, Turn("user", "ok, thanks!"), Turn("assistant", "You are welcome."))
    asked = standalone("And on 14.1?", history, rarity)
    assert "TKMountErrorDomain" in asked.text
    assert "thanks" not in asked.text


@pytest.mark.parametrize(("typed", "left"), [("Thanks. How do I fix it?", "How do I fix it?"), ("hm, ok. why?", "why?")])
def test_thanks_before_a_question_are_not_searched_for(typed, left):
    assert standalone(typed, HISTORY, rarity).text.startswith(f"{left} (")


def test_thanks_alone_ask_nothing():
    assert standalone("Thank you very much!", HISTORY, rarity).how is Rewriting.AS_ASKED


def test_a_word_that_thanks_begin_with_may_begin_a_question():
    assert standalone("Good ways to print large posters without margins?", HISTORY, rarity).text.startswith("Good ways")


def test_a_version_in_the_question_takes_the_place_of_the_one_before():
    text = standalone("And on 14.4?", HISTORY, rarity).text
    assert "14.2" not in text
    assert "37" in text


def test_a_number_in_the_question_takes_the_place_of_the_one_before():
    assert "37" not in standalone("same for 38?", HISTORY, rarity).text


def test_a_correction_carries_what_it_does_not_correct():
    asked = standalone("no, I meant the simulator", conversation("How do I rebuild the shared cache?", "Like so [1]."), rarity)
    assert asked.text.startswith("the simulator (")
    assert "rebuild" in asked.text


def test_what_a_correction_takes_back_is_not_searched_for():
    text = standalone("sorry, typo: 73, not 37", HISTORY, rarity).text
    assert "73" in text
    assert "37" not in text
    assert "TKMountErrorDomain" in text


def test_a_question_leans_on_the_turn_that_spoke_of_its_words():
    history = (*HISTORY, *conversation("How many entries may a WDTimeline hold?", "200 is the limit [1]."))
    asked = standalone("and the broker, what does it log?", history, rarity)
    assert "TKMountErrorDomain" in asked.text
    assert asked.leans_on == SUBJECT


@pytest.mark.parametrize(
    ("typed", "text"),
    [("How about pairing of the Pocket fails with radio busy?", "pairing of the Pocket fails with radio busy?"),
     ("And RMAudioTap silence?", "RMAudioTap silence?"), ("also, does fsync reach the disk?", "does fsync reach the disk?"),
     ("ok, and what about encryption keys in NestStore?", "encryption keys in NestStore?"),
     ("but the refund hook comes late", "the refund hook comes late")],
)  # fmt: skip
def test_an_opening_before_words_of_its_own_carries_nothing(typed, text):
    asked = standalone(typed, HISTORY, rarity)
    assert (asked.text, asked.how, asked.leans_on) == (text, Rewriting.AS_ASKED, SUBJECT)
    assert "words of its own" in asked.why


@pytest.mark.parametrize(
    "question",
    ["And keepAliveInterval?", "what about GNFilterProvider?", "and without an admin password?", "and the privacy permission?",
     "and on the charger at night?", "what about images?", "and a higher priority, would that help?",
     "and refusals by a broker elsewhere?", "And Corvid kernel extensions?"],
)  # fmt: skip
def test_an_opening_before_a_part_of_the_subject_carries_it(question):
    asked = standalone(question, HISTORY, rarity)
    assert asked.text.startswith(f"{question} (")
    assert "TKMountErrorDomain" in asked.text
    assert asked.how is Rewriting.CARRIED


def test_an_opening_before_a_question_that_is_long_enough_is_a_new_subject():
    question = "why does the screen reader announce the slider value twice while dragging slowly?"
    asked = standalone(f"And {question}", HISTORY, rarity)
    assert (asked.text, asked.how, asked.leans_on) == (question, Rewriting.NEW_SUBJECT, None)


def test_common_words_behind_an_opening_are_no_subject():
    asked = standalone("and encryption keys?", HISTORY, lambda term: 0.3)
    assert asked.how is Rewriting.CARRIED


def test_a_name_that_begins_like_an_opening_is_kept():
    question = "or-tools solver licences expire?"
    assert standalone(question, HISTORY, rarity).text.startswith(question)


def test_a_follow_up_of_another_subject_carries_that_one():
    history = (*HISTORY, *conversation("And RMAudioTap silence?", "Set the rate to nil [1]."))
    text = standalone("how do I do that?", history, rarity).text
    assert "RMAudioTap" in text
    assert "TKMountErrorDomain" not in text


@pytest.mark.parametrize("announced", ["New question: ", "Different topic - ", "something else: ", "ok, next question: "])
def test_an_announced_change_is_believed(announced):
    asked = standalone(f"{announced}radio busy on pairing", HISTORY, rarity)
    assert (asked.text, asked.how) == ("radio busy on pairing", Rewriting.NEW_SUBJECT)


def test_an_announced_change_that_points_back_is_none():
    assert "TKMountErrorDomain" in standalone("another question: does it log?", HISTORY, rarity).text


def test_a_return_takes_up_the_subject_that_it_names():
    history = (*HISTORY, *conversation("Which port does gulld use?", "None that is known [1]."))
    asked = standalone("back to the mount error: how do I fix it?", history, rarity)
    assert "TKMountErrorDomain" in asked.text
    assert "gulld" not in asked.text
    assert asked.leans_on == SUBJECT


def test_a_new_subject_replaces_the_old_one():
    history = (*HISTORY, Turn("user", "How do I set up push tokens with BPPushToken after a restore from backup?"))
    asked = standalone("Why does it fail?", history, rarity).text
    assert "BPPushToken" in asked
    assert "TKMountErrorDomain" not in asked


def test_words_that_say_nothing_are_not_carried():
    assert " mean" not in standalone("How do I fix it?", HISTORY, rarity).text


def test_what_is_carried_is_bounded():
    history = (Turn("user", " ".join(f"NAMEDThing{number}" for number in range(200))),)
    assert len(standalone("Why?", history, rarity).text.split()) < 20


def test_other_languages_and_scripts_do_not_break_it():
    for question in ("und auf 14.1?", "なぜですか?", "а на 14.1?", "¿y en iOS?", "🙃", "…"):
        assert question.strip("¿… ")[:1] in standalone(question, HISTORY, rarity).text


def test_a_long_conversation_of_follow_ups_takes_no_time():
    history = conversation(SUBJECT, *["why is that?"] * 2001)
    assert standalone("it it it that that " * 400, history, rarity).text


@given(st.lists(st.sampled_from(["it", "that", "and", "no,", "back to", "thanks", "the fix", SUBJECT, "?", "\n", "new topic"])),
       st.lists(st.text(max_size=40), max_size=6))  # fmt: skip
def test_the_question_is_never_lost_and_the_same_twice(words, contents):
    question = " ".join(words)
    asked = standalone(question, conversation(*contents), rarity)
    assert asked == standalone(question, conversation(*contents), rarity)
    assert bool(asked.text.strip()) == bool(question.strip())
    assert asked.leans_on is not None or asked.how is not Rewriting.CARRIED
    assert asked.leans_on is None or asked.how is not Rewriting.NEW_SUBJECT


def test_a_follow_up_finds_what_its_subject_names(sample):
    asked = standalone("How do I fix it?", HISTORY, sample.generation.lexical.rarity)
    assert "37" in sample.search(asked.text, 1)[0].post.title


def test_another_subject_behind_an_opening_finds_its_posts(sample):
    asked = standalone("also, slider value announced twice by Birdsong", HISTORY, sample.generation.lexical.rarity)
    assert "PUSlider" in sample.search(asked.text, 1)[0].post.title


ROTATED = "Why is the preview of my external camera rotated by 90 degrees?"
REFUSED = "The posts stored here do not answer this. The nearest threads:\n\n- “Rotated preview of the broker”"


@pytest.mark.parametrize(
    "between", [(), ("and is there a fix?", "Turn it [1]."), ("How do I pair the Pocket?", "Hold it [1].")]
)
@pytest.mark.parametrize(
    "again", [ROTATED, "why is my external camera's preview rotated by 90 degrees", f"Thanks. {ROTATED}"]
)  # fmt: skip
def test_a_question_asked_again_is_taken_as_asked(between, again):
    history = conversation(ROTATED, "A reply says: set previewLayer.rotationSource [1].", *between)
    asked = standalone(again, history, rarity)
    assert (asked.text, asked.how, asked.leans_on) == (again.removeprefix("Thanks. "), Rewriting.AS_ASKED, None)
    assert asked.why == "repeats an earlier question"


@pytest.mark.parametrize("story", ["My toolbar keeps its light tint when the theme changes, how do I fix it?",
                                   "So why is it that the broker refuses a mount at login?"])  # fmt: skip
def test_a_story_told_again_is_taken_as_asked_with_the_words_that_point_within_it(story):
    asked = standalone(story, conversation(story, "Set mountScope [1]."), rarity)
    assert (asked.text, asked.how) == (story, Rewriting.AS_ASKED)


def test_another_number_makes_another_question():
    again = ROTATED.replace("90", "180")
    assert standalone(again, conversation(ROTATED, "Set rotationSource [1]."), rarity).why != "repeats an earlier question"


def test_a_follow_up_asked_again_after_another_subject_follows_that():
    history = (
        *HISTORY,
        *conversation("why does it happen?", "No [1].", "How do I pair the Pocket with WDTimeline?", "Hold it [1]."),
    )
    assert "WDTimeline" in standalone("why does it happen?", history, rarity).text


def about_posts(text):
    return parse(text) is not None


@pytest.mark.parametrize(
    "question",
    ["Which thread has the most replies?", "What is the newest post?", "How many posts are there about audio?",
     "What is the last post?", "Which posts this week are unanswered?"],
)  # fmt: skip
@pytest.mark.parametrize("before", [SUBJECT, "Which posts are unanswered?"])
def test_a_question_for_posts_carries_nothing(question, before):
    asked = standalone(question, conversation(before, "- “A title” [1]"), rarity, about_posts)
    assert (asked.text, asked.how, asked.leans_on) == (question, Rewriting.AS_ASKED, None)


@pytest.mark.parametrize(
    "question", ["Which of them are unanswered?", "and the newest?", "Which of those threads has the most replies?",
                 "how many posts are about it?"],
)  # fmt: skip
def test_a_question_for_posts_that_points_back_leans(question):
    before = "Which posts about audio are unanswered?"
    asked = standalone(question, conversation(before, "- “A title” [1]"), rarity, about_posts)
    assert (asked.how, asked.leans_on) == (Rewriting.CARRIED, before)


@pytest.mark.parametrize(
    "question", ["What is the price of Rookery?", "Who was the founder of Corvid?", "Is Rookery's price high?"]
)
def test_a_thing_of_a_name_that_nobody_mentioned_is_a_subject(question):
    asked = standalone(question, conversation("How do I mount a TKVolume without a prompt?", "Like so [1]."), rarity)
    assert (asked.text, asked.how) == (question, Rewriting.NEW_SUBJECT)


def test_a_thing_of_a_name_that_was_mentioned_is_none():
    history = conversation("How do I mount a TKVolume in Rookery without a prompt?", "Like so [1].")
    assert "TKVolume" in standalone("What is the price of Rookery?", history, rarity).text


def test_what_the_posts_do_not_hold_is_not_carried_on():
    history = conversation("pale lemon cake", REFUSED, "What is the capital of France?", REFUSED, "Write a poem", REFUSED)
    asked = standalone("What can you do?", history, rarity)
    assert (asked.text, asked.leans_on) == ("What can you do?", None)


def test_a_refused_question_between_two_of_a_subject_is_left_out():
    text = standalone("and on 14.4?", (*HISTORY, *conversation("and the lemon cake?", REFUSED)), rarity).text
    assert "TKMountErrorDomain" in text
    assert "lemon" not in text


@pytest.mark.parametrize("question", ["no, I meant the simulator", "and on 14.4?", "why does it do that?"])
def test_who_asks_on_after_a_refusal_still_leans_on_what_was_refused(question):
    asked = standalone(question, conversation("How do I rebuild the shared cache?", REFUSED), rarity)
    assert "rebuild" in asked.text
    assert asked.leans_on == "How do I rebuild the shared cache?"


def test_the_titles_that_a_refusal_lists_are_no_subject():
    asked = standalone("preview broker", conversation("How do I rebuild the shared cache?", REFUSED), lambda term: 0.3)
    assert "mentions" not in asked.why


@pytest.mark.parametrize("reason", sorted(set(Refusal) - {Refusal.ASKED_NOT_ANSWERED, Refusal.MODEL_STOPPED}))
def test_a_refusal_is_known_by_how_it_is_worded(reason):
    assert NOT_HERE.match(wording.refused(reason, [Near("p1", "A title", 0.1)]))


def test_what_was_raised_and_not_answered_is_a_subject():
    assert not NOT_HERE.match(wording.refused(Refusal.ASKED_NOT_ANSWERED, [], Post("p1", "t1", "A title", "A body.", "0")))


@pytest.mark.parametrize("question", ["xxxxxxxxxxxxxxxxx", "asdfgh", "qwrtzp sdfghj?"])
def test_keys_struck_at_random_stand_by_themselves(sample, question):
    with sample.opened() as opened:
        asked = opened.understood(question, HISTORY)
    assert (asked.text, asked.leans_on) == (question, None)


@pytest.mark.parametrize("question", ["downsides?", "are there any pitfalls?", "und warum?", "and on xxxxxx?"])
def test_a_follow_up_in_words_that_no_post_knows_leans(sample, question):
    with sample.opened() as opened:
        assert opened.understood(question, HISTORY).how is Rewriting.CARRIED


def test_a_nonsense_word_is_not_answered_with_the_thread_before(sample):
    assert asyncio.run(answer_of(sample, "xxxxxxxxxxxxxxxxx", HISTORY)).reply.status is Status.REFUSED


@pytest.mark.parametrize(
    "question",
    ["help with mounting at login", "hello world crashes", "Hi, is it fixed?", "are you there in the API", "what is this flag",
     "OK button does nothing", "yes/no prompt", "hi-dpi", "what can you do about Code=37?", "Hello Kitty", "help()",
     "Good morning alarms do not fire", "Hi all volumes unmount", "Hello there is a crash"],
)  # fmt: skip
def test_words_that_greet_too_may_begin_a_question(question):
    assert not asks_nothing(question, first=True)
    assert len(without_opening(question).split()) >= min(3, len(question.split()) - 1)


@pytest.mark.parametrize("question", ["help", "What is this?", "what's this", "How does this work?", "Can you help me?"])
def test_words_that_ask_on_about_an_answer_ask_nothing_before_the_first(question):
    assert asks_nothing(question, first=True)
    assert "TKMountErrorDomain" in standalone(question, HISTORY, rarity).text


def test_what_is_put_to_the_assistant_itself_is_no_part_of_the_subject():
    history = (Turn("user", "How do I mount a TKVolume?"), Turn("user", "who are you?"))
    assert "TKVolume" in standalone("why does it fail?", history, lambda term: 0.9).text
