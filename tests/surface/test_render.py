"""What reaches a terminal: whatever a post holds, only text, newlines, tabs and our own colours are written (S1)."""

from __future__ import annotations

import re

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language.controls import without_controls
from assistant.render import Painter, answer_text, hits_text, post_text
from assistant.types import (
    Answer,
    Citation,
    Entity,
    Hit,
    Near,
    Passage,
    Post,
    Provenance,
    Reply,
    Signals,
    Source,
    Standalone,
    Status,
    Timings,
)  # fmt: skip

OURS = re.compile(r"\x1b\[(?:0|1|2|33|36)m")
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200c\u200d\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
SCRAPS = st.sampled_from([
    "\x1b[2J", "\x1b[31m", "\x1b[8m", "\x1b]0;owned\x07", "\x1b]52;c;cm0gLXJm\x07", "\x1b]8;;http://evil.example\x1b\\",
    "\x1bP+q544e\x1b\\", "\x1b_apc\x1b\\", "\x1b^pm\x1b\\", "\x1bX sos", "\x9b2J", "\x9d0;owned\x9c", "\x90dcs\x9c",
    "\x1b", "\x1b[", "\x1b]0;", "\x9b", "\x07", "\x08", "\r", "\x0b", "\x0c", "\x0e", "\x00", "\x7f", "\x85", "\x1bc",
    "\u202e", "\u2066", "\u200b", "\u200e", "\ufeff", "\u061c", "\u2028", "\u2029", "\x1b\x1b[[2J2J", "\x1b[\x1b[31m",
    "\n", "\t", "\\[", "\\\x1b[", "[1]", "word", " ", "日本", "\U0001f600",
])  # fmt: skip
HOSTILE = st.lists(st.one_of(SCRAPS, st.text(max_size=4)), max_size=14).map("".join)
POSTS = st.builds(
    Post, post_id=st.just("p1"), thread_id=st.just("t1"), title=HOSTILE, body=HOSTILE, body_sha=st.just("0"),
    author=HOSTILE, created=HOSTILE, activity=HOSTILE, url=HOSTILE, source_id=HOSTILE, reply_to=HOSTILE,
    tags=st.lists(HOSTILE, max_size=2).map(tuple), entities=st.builds(lambda v: (Entity("symbol", v),), HOSTILE),
    sources=st.builds(lambda path: (Source(path, 1),), HOSTILE), replies=st.just(3), views=st.none(),
)  # fmt: skip
SIGNALS = Signals(None, 0.0, 0.0, None, None)
some = settings(max_examples=150, deadline=None)


def renderings(post, painter):
    """Everything that the program prints of a post."""
    end = len(post.body)
    citation = Citation(1, post.body, post, 0, end, post.body)
    reply = Reply(post.body, Status.GROUNDED, 0.5, (citation,), (Passage(1, post, 0, end, post.body, 1.0),))
    answer = Answer(post.title, Standalone(post.body), reply, (Near("p1", post.title, 1.0),), "extractive",
                    Provenance("g", "s", "", "e"), Timings(0, 0, 0, 0))  # fmt: skip
    return [
        post_text(post, painter),
        hits_text([Hit(1, 1.0, post, 0, end, post.body, SIGNALS)], painter),
        answer_text(answer, painter),
    ]


@some
@given(POSTS)
def test_nothing_that_a_terminal_obeys_is_printed(post):
    for text in renderings(post, Painter(False)):
        assert not FORBIDDEN.search(text)


@some
@given(POSTS)
def test_of_escape_sequences_only_our_own_colours_are_printed(post):
    for text in renderings(post, Painter(True)):
        assert not FORBIDDEN.search(OURS.sub("", text))


class Terminal(pyte.Screen):
    """A screen that notes what text could do to a terminal beside being shown."""

    def __init__(self):
        super().__init__(200, 50)
        self.done = []

    def set_title(self, *arguments):
        self.done.append(("title", arguments))

    set_icon_name = write_process_input = reset_mode = set_mode = set_title

    def erase_in_display(self, how=0, *arguments, **options):
        self.done.append(("erased", how))


@settings(max_examples=75, deadline=None)
@given(POSTS)
def test_a_terminal_shows_the_text_and_does_nothing_else(post):
    for text in renderings(post, Painter(True)):
        screen = Terminal()
        screen.done.clear()
        pyte.Stream(screen).feed("kept\r\n" + text.replace("\n", "\r\n"))
        assert screen.done == []
        if text.count("\n") < 40 and max(map(len, text.split("\n"))) < 100:
            assert screen.display[0].startswith("kept")


@some
@given(HOSTILE)
def test_made_safe_twice_is_made_safe_once(text):
    assert without_controls(without_controls(text)) == without_controls(text)


@some
@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=80))
def test_plain_text_is_not_changed(text):
    assert without_controls(text) == text


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "naïve “quotes” – 日本 \U0001f600 é"])
def test_newlines_tabs_and_letters_of_any_script_stay(text):
    assert without_controls(text) == text


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]52;c;cm0=\x07b", "ab"),
        ("\x9b2Jb", "b"),
        ("a\x1b]8;;x\x1b\\b", "ab"),
        ("a\rb", "ab"),
    ],
)
def test_a_sequence_goes_as_a_whole(hostile, left):
    assert without_controls(hostile) == left


@some
@given(POSTS)
def test_a_title_takes_one_line(post):
    assert post_text(post, Painter(False)).split("\n")[1] == ""


@pytest.mark.parametrize("arguments", [[], ["--explain"], ["--json"]], ids=["index", "explain", "json"])
def test_the_name_of_a_file_is_made_safe_too(run, jsonl, tmp_path, arguments):
    name = "evil\x1b]52;c;cm0=\x07\x9b2J\u202e.jsonl"
    folder = jsonl(f"posts/{name}", {"id": "1", "body": "It fails on boot."}, "not JSON").parent
    result = run("index", folder, "--index", tmp_path / "index", *arguments)
    assert not FORBIDDEN.search(result.stdout + result.stderr)


@pytest.mark.parametrize("command", [["show", "{id}"], ["search", "console"], ["ask", "console"]], ids=lambda c: c[0])
def test_json_holds_no_control_character_either(run, jsonl, tmp_path, command):
    body = "The console fails on boot \x9b2J \x9d0;owned\x9c \u202e with \x1b[2J a beep \x07 in it."
    posts = jsonl("a.jsonl", {"id": "7", "title": "console \x9b2J", "body": body, "tags": ["\x9b2J"]})
    run("index", posts, "--index", tmp_path / "index")
    result = run(*(part.format(id="7") for part in command), "--json", "--index", tmp_path / "index")
    assert result.exit_code == 0
    assert not FORBIDDEN.search(result.stdout)
