"""Lines out of bytes: line ends, encodings, gzip whole and damaged, and lines too long to be read."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from assistant.corpus import lines as lines_module
from assistant.corpus.files import FileToRead
from assistant.corpus.lines import open_lines
from assistant.types import Notice, Skipped


@pytest.fixture
def lines_of(tmp_path):
    def reading(data):
        path = tmp_path / "x"
        path.write_bytes(data)
        problems = []
        return list(open_lines(FileToRead(path, "x"), problems.append)), problems

    return reading


def test_lines_end_at_lf_crlf_and_cr_and_at_nothing_else(lines_of):
    found, problems = lines_of("a\nb\r\nc\rd\u2028e\u0085f\x0bg\x0ch\x1ci\n\n".encode())
    assert found == [(1, "a"), (2, "b"), (3, "c"), (4, "d\u2028e\u0085f\x0bg\x0ch\x1ci"), (5, "")]
    assert problems == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_end_on_the_border_of_two_chunks_counts_once(lines_of, end):
    data = ("x" * 262_143 + end + "y" + end).encode()
    assert [len(text) for _, text in lines_of(data)[0]] == [262_143, 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_or_without_a_mark(lines_of, encoding):
    found, problems = lines_of("Grüße 日本\nzwei\n".encode(encoding))
    assert found == [(1, "Grüße 日本"), (2, "zwei")]
    assert problems == []


def test_big_endian_utf16_is_read(lines_of):
    assert lines_of(b"\xfe\xff" + "é\n日".encode("utf-16-be"))[0] == [(1, "é"), (2, "日")]


def test_what_is_no_utf8_is_read_as_cp1252_with_one_notice(lines_of):
    found, problems = lines_of("plain\ncafé “x”\nnaïve\n".encode("cp1252"))
    assert [text for _, text in found] == ["plain", "café “x”", "naïve"]
    assert problems == [Notice("x", 2, "not UTF-8: read as cp1252 (Western European), here and in later lines")]


def test_one_damaged_byte_does_not_turn_a_utf8_line_into_cp1252(lines_of):
    found, problems = lines_of("トンネルが切れる".encode() + b"\xff\n")
    assert found == [(1, "トンネルが切れる\ufffd")]
    assert "damaged UTF-8" in problems[0].message


def test_nul_bytes_in_a_text_are_removed_with_one_notice(lines_of):
    found, problems = lines_of(b"some words here\nmore\0 words\nand\0 more\n")
    assert [text for _, text in found] == ["some words here", "more words", "and more"]
    assert [(problem.line, "NUL" in problem.message) for problem in problems] == [(2, True)]


def test_gzip_is_known_by_its_content_also_in_several_members(lines_of):
    packed = gzip.compress(b"one\ntwo\n") + bytes(10) + gzip.compress(b"three\n")
    assert lines_of(packed) == ([(1, "one"), (2, "two"), (3, "three")], [])


@pytest.mark.parametrize("cut", [1, 9, 200, 2000])
def test_truncated_gzip_gives_its_whole_lines_and_is_named(lines_of, cut):
    packed = gzip.compress("".join(f"line {n * n}\n" for n in range(4000)).encode())
    found, problems = lines_of(packed[:-cut])
    assert found
    assert all(text == f"line {(n - 1) ** 2}" for n, text in found)
    assert "truncated" in problems[0].reason
    assert problems[0].line == len(found) + 1


def test_damaged_gzip_gives_what_stands_before_the_damage(lines_of):
    packed = bytearray(gzip.compress("".join(f"line {n * n}\n" for n in range(4000)).encode()))
    packed[-6] ^= 0xFF
    found, problems = lines_of(bytes(packed))
    assert len(found) == 4000
    assert "damaged" in problems[0].reason


def test_bytes_after_the_gzip_data_are_named(lines_of):
    found, problems = lines_of(gzip.compress(b"one\n") + b"garbage after it")
    assert found == [(1, "one")]
    assert "damaged" in problems[0].reason


def test_a_gzip_bomb_is_stopped_by_its_ratio(lines_of):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"words " * 20_000 + b"\n"
    data = b"".join(packer.compress(block) for _ in range(1500)) + packer.flush()
    found, problems = lines_of(data)
    assert len(found) < 700
    assert "200 times its size" in problems[0].reason


def test_a_line_that_is_too_long_is_named_and_the_next_is_read(lines_of, monkeypatch):
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 1024 * 1024)
    found, problems = lines_of(b"one\n" + b"x" * 3_000_000 + b"\nthree\n" + b"y" * 3_000_000)
    assert found == [(1, "one"), (3, "three")]
    assert [(problem.line, problem.reason) for problem in problems] == [(n, "a line of more than 1 MiB") for n in (2, 4)]


def test_memory_holds_no_more_than_a_line(tmp_path):
    path = tmp_path / "big.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d words in a line of no great length\n" % n for n in range(400_000))))
    tracemalloc.start()
    count = sum(1 for _ in open_lines(FileToRead(path, "x"), lambda problem: None))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400_000
    assert peak < 8 * 1024 * 1024


def test_problems_name_the_file(lines_of):
    _, problems = lines_of(b"\x89PNG\r\n\x1a\n")
    assert problems == [Skipped("x", 0, "a PNG image, not text")]
