"""Anything may lie in a folder: no bytes crash a reader, every finding names its place, and time is bounded."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.corpus import explain, read, reading
from assistant.types import Notice, RawPost, Skipped

MIB = 1024 * 1024
HEADER = "Post\nReplies\nBoosts\nViews\nActivity\n"
ROW = "A title\nIts body\n1\n0\n3.1k\n9h\n"
LABELLED = "A title\nIts body\nReplies\n1\nBoosts\n0\nViews\n3.1k\nActivity\n9h\n"
VALID = [
    "Kit\n\nRSS for tag\n\nPosts under Kit tag\n\n" + HEADER + ROW + "Other\n2\n0\n7\nAug \u201925\n" + LABELLED,
    "First, body.\nKit\nRSS for tagWords.\nPosts under Kit tag\n" + HEADER + "B, c.\nTopic:\nT\nSubTopic:\nS\nTags:\nKit\n",
    "A title\n\nA question.\n\nAnswered by Ann in 12\n\nSo.\n\nAccepted Answer\n\nSo.\n\nThanks.\n",
    "A title\n\nA question.\n\nReplies\n\nSo.\n",
    "A title\n\nThis was locked by a moderator.\n\nAn essay.\n",
    '{"id": "1", "title": "T", "body": "B", "replies": 3, "created": "2026-01-02", "tags": ["a"]}\n' * 3,
    '{"id": "1", "title": "T", "body": "B", "answers": [{"id": "2", "body": "A", "score": 1}], "accepted": "2"}\n',
    '{"id": "1", "title": "T", "body": "B", "replies": [{"body": "R", "date": "Thu, 30/08/2012 - 15:25"}]}\n',
    '{"id": "1", "parent": null, "list": "l", "date": "Thu, 1 Jan 1970 01:33:35 +0100", "subject": "S", "body": "B"}\n',
]
SCRAPS = [
    "\n",
    "\r\n",
    "\0",
    "\ufeff",
    "\u2028",
    "[",
    "{",
    '"',
    "\\ud800",
    "9h",
    "5",
    "Replies",
    "Topic:",
    "Tags:",
    HEADER,
    ROW,
]

many = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
some = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def found_in(data, name="x.txt"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return list(read(path))


def check(found):
    for item in found:
        if isinstance(item, RawPost):
            assert item.source.path.endswith("x.txt")
            assert item.source.line >= 1
            assert item.title or item.body
        else:
            assert isinstance(item, Skipped | Notice)
            assert item.path.endswith("x.txt")
            assert item.line >= 0
            assert item.reason if isinstance(item, Skipped) else item.message


@st.composite
def mutated_pages(draw):
    """A valid file with a few stretches replaced, dropped, repeated or stuffed with scraps; sometimes packed."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        scrap = draw(st.sampled_from([*SCRAPS, text[start:end] * 2, ""]) | st.text(max_size=8))
        text = text[:start] + scrap + text[end:]
    data = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "cp1252"])), "replace")
    return gzip.compress(data)[: draw(st.integers(1, 400))] if draw(st.integers(0, 9)) == 0 else data


@many
@given(st.binary(max_size=400))
def test_no_bytes_crash_a_reader(data):
    check(found_in(data))


@many
@given(mutated_pages())
def test_no_damaged_page_crashes_a_reader(data):
    check(found_in(data))


@some
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(["id", "_id", "title", "body", "text", "replies", "answers", "parent", "list", "tags", "url"]),
                v,
            )
        ),
    )
)
def test_no_json_value_crashes_a_reader(value):
    check(found_in((json.dumps({"id": "1", "body": "x", "more": value}) + "\n" + json.dumps(value) + "\n").encode()))
    if isinstance(value, dict):
        check(found_in((json.dumps({"id": "1", "body": "x"} | value) + "\n").encode()))


@some
@given(mutated_pages())
def test_reading_is_deterministic_and_explain_counts_what_read_gives(data):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.txt").write_bytes(data)
        found = list(read(folder))
        assert found == list(read(folder))
        told = list(explain(folder))
    assert sum(one.posts + one.skipped + one.notices for one in told) == len(found)


def without_path(found):
    return [replace(item, source=replace(item.source, path="")) for item in found if isinstance(item, RawPost)]


@pytest.mark.parametrize("page", VALID)
def test_line_ends_encoding_and_packing_change_no_post(page):
    plain = without_path(found_in(page.encode()))
    assert plain
    for data in (page.replace("\n", "\r\n").encode(), page.replace("\n", "\r").encode()):
        assert without_path(found_in(data)) == plain
    for data in (page.encode("utf-16"), page.encode("utf-8-sig"), gzip.compress(page.encode())):
        assert without_path(found_in(data, "other.bin")) == plain


def test_the_order_of_files_does_not_change_what_is_found(tmp_path):
    for number, page in enumerate(VALID):
        (tmp_path / f"{number}.txt").write_text(page, encoding="utf-8")
    files = sorted(tmp_path.iterdir())
    one, other = list(read(files)), list(read(files[::-1]))
    assert sorted(map(repr, one)) == sorted(map(repr, other))


@pytest.mark.parametrize("page", [VALID[1], VALID[2]])
def test_a_page_too_long_to_be_held_is_named_not_read(page, monkeypatch):
    monkeypatch.setattr(reading, "HEAD_CHARS", 64)
    monkeypatch.setattr(reading, "PAGE_CHARS", len(page) + 20)
    (skipped,) = found_in(page.encode() + b"and more words here\n" * 20)
    assert "a text of more than" in skipped.reason


@pytest.mark.parametrize("page", [VALID[0] + ROW.replace("A title", "One more") * 9, VALID[5] * 9])
def test_listings_and_json_lines_may_be_longer_than_what_is_held(page, monkeypatch):
    whole = found_in(page.encode())
    monkeypatch.setattr(reading, "HEAD_CHARS", 200)
    monkeypatch.setattr(reading, "PAGE_CHARS", 300)
    assert without_path(found_in(page.encode())) == without_path(whole)


def test_a_file_of_which_nearly_nothing_can_be_read_is_given_up_and_named():
    found = found_in(b'{"body":"x"}\n' + b"{\n" * 20_000 + b'{"body":"y"}\n')
    assert len(found) == 1 + reading.SKIPPED_LIMIT + 1
    assert found[-1].reason == "10000 places up to this line cannot be read, and 1 can: read no further"
    assert found[-1].line == 10_001


def test_many_bad_lines_among_good_ones_are_all_named():
    found = found_in((b'{"body":"x"}\n' + b"{\n" * 3) * 5_000)
    assert len(found) == 20_000


def lines(text, size=MIB):
    return text * (size // len(text))


HOSTILE = {
    "one line": "a" * MIB,
    "newlines": "\n" * MIB,
    "carriage returns": "\r" * MIB,
    "digits": lines("1\n"),
    "brackets": "[" * MIB,
    "bracket lines": lines("[[[[\n"),
    "braces": "{" * MIB,
    "spaces": " " * MIB,
    "space lines": lines(" \n"),
    "header words": lines(HEADER),
    "the word Post": lines("Post\n"),
    "a title and replies": "t t\n\n" + lines("Replies\n"),
    "listing, then digits": HEADER + ROW + lines("1\n"),
    "listing, then ages": HEADER + ROW + lines("9h\n"),
    "listing of broken ends": HEADER + ROW + lines("5\n9h\n"),
    "empty replies": '{"id":"1","title":"t","replies":[' + lines("{},") + "{}]}",
    "listing of broken rows": HEADER + ROW + lines("t\nb\n5\n9h\n"),
    "listing of rows": HEADER + lines(ROW),
    "labels": HEADER + lines("body, one.\nTopic:\nA\nTags:\nX\n"),
    "titles before RSS": lines("X\nRSS for \n") + "Posts under X tag\n" + HEADER + "b.\nTopic:\nA\nTags:\nX\n",
    "answered by": lines("Answered by A in 1\n"),
    "answered by, long": "Answered by " + lines("A in "),
    "copies of an answer": "Answered by A in 1\nx\nAccepted Answer\n" + lines("x\n", MIB // 8),
    "locked": "t t\n\n" + lines("locked by a moderator "),
    "locked, nearly": "t t t\n\n" + lines("a" * 59 + " ") + "locked by a moderato",
    "posts under": lines("Posts under "),
    "duplicate keys": "{" + lines('"a":1,') + '"a":1}',
    "deep objects": lines('{"a":'),
    "deep lists": '{"body":"x","a":' + "[" * (MIB // 2) + "]" * (MIB // 2) + "}",
    "long number": '{"body":"x","views":' + "1" * MIB + "}",
    "many objects": '{"body":"x","a":[' + lines("{},") + "{}]}",
    "bad lines": '{"body":"x"}\n' + lines('{"body":"some words"\n'),
    "surrogates": '{"body":"' + lines("\\ud800") + '"}',
    "long date": '{"body":"x","created":"' + lines("Thu, ") + '"}',
    "marks": "a" + "\u0301" * (MIB // 2),
    "settings": lines("a=b\n", MIB // 3),
    "sections": lines("[" * 80 + "\n"),
    "commas": lines(",\n", MIB // 3),
}


MOST_SECONDS = 2.0
"""Linear readers take .1 to 1.4 s of the slowest machine tried; what is quadratic takes minutes."""


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.alone
def test_a_mebibyte_of_anything_is_read_in_two_seconds(name, tmp_path):
    file = tmp_path / "x.txt"
    file.write_bytes(HOSTILE[name].encode())
    times = []
    for attempt in range(5):
        # Processor time grows when another program shares the core; what counts is what the reader needs.
        time.sleep(attempt / 2)
        start = time.process_time()
        for _ in read(file):
            pass
        times.append(time.process_time() - start)
        if times[-1] < MOST_SECONDS:
            return
    pytest.fail(f"{min(times):.2f} s of processor time")
