"""What a file without posts looks like, so that it can be named: binary by its bytes, code or tables by its lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence

HEAD_BYTES = 8192

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive (or an office document)"),
    (b"PK\x05\x06", "a zip archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x1f\x8b", "gzip data inside gzip data"),
    *((b"BZh%d1AY&SY" % level, "bzip2 data") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x7fELF", "a program (ELF)"),
    (b"\xcf\xfa\xed\xfe", "a program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a program (Mach-O or Java class)"),
    (b"MZ\x90\0", "a program (Windows)"),
    (b"\0asm", "a program (WebAssembly)"),
    (b"PAR1\x15", "a Parquet file"),
    (b"OggS\0", "an Ogg media file"),
    (b"ID3\x03", "an MP3 file"),
    (b"ID3\x04", "an MP3 file"),
    (b"bplist00", "a binary property list"),
)
_TAR_AT, _TAR = 257, b"ustar"
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\f\r\x1b\x0b") + b"\x7f"

_HTML = re.compile(r"<(?:!doctype\b|html\b|head\b|body\b|\?xml\b|svg\b|div\b|!--|rss\b|plist\b)", re.IGNORECASE)
_CODE = re.compile(
    r"(?:import |from \S+ import |#include|#define|#pragma|def |class |func |fn |let |var |const |public |private "
    r"|package |using |return\b|if \(|for \(|while \(|@[A-Za-z]+|//|/\*|\*/|\* |[{}()\]]+[;,]?$)"
)
_CODE_END = re.compile(r"[;{}]$|\)[:,]$")
_CODE_START = re.compile(
    r"\"\"\"|'''|/\*|//|#(?:include|if|ifdef|ifndef|define|error|pragma)\b|@import\b|import [\w.{*]|from \S+ import "
    r"|package [\w.]+;?$|using [\w.:]+;|-- |(?:CREATE|ALTER|DROP) TABLE\b|INSERT INTO\b|%YAML|<\?php|#$"
)
_DOCUMENT_START = re.compile(r"#{1,6} |---$|\.\. |\[!\[|!\[")
_UNDERLINE = re.compile(r"={4,}|-{4,}|~{4,}|\*{4,}|#{4,}")
_CODE_SIGNS = re.compile(r"[{}=;<>|\\]|\(\)|::|->")
_SETTING = re.compile(r"[\"']?[A-Za-z_][A-Za-z0-9_.\-]{0,60}[\"']? ?(?:=|:(?: |$))")
_SECTION = re.compile(r"\[\[?[A-Za-z0-9_.\-\" ]{1,80}\]?\]$")
_LOG_LINE = re.compile(r"\[?(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]|[0-9]{2}:[0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:)")
_BARE_COMMA = re.compile(r",(?! )")
_LOOK_AT_LINES, _LOOK_AT_CHARS, _LINE_CHARS, _SETTING_CHARS = 200, 65536, 400, 80


def binary_kind(head: bytes) -> str | None:
    """What kind of binary data the first bytes of a file show, None for text. UTF-16 and UTF-32 with a BOM are text."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return None
    if _looks_like_bare_utf16(head):
        return "UTF-16 text without a byte order mark (convert it to UTF-8)"
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 10 > len(head) * 3 or (controls * 100 > len(head) * 3 and not _is_utf8(head)):
        return "binary data"
    return None


def _looks_like_bare_utf16(head: bytes) -> bool:
    even, odd = head[0::2], head[1::2]
    return len(head) >= 8 and any(
        nul.count(0) * 10 > len(nul) * 8 and text.count(0) * 10 < len(text) for nul, text in ((even, odd), (odd, even))
    )


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def unlike_a_post(lines: Sequence[str]) -> str | None:
    """What a text looks like if not like something a person posted: markup, code, a table, settings, a log, a document.

    Judged on its beginning. None says only that nothing speaks against reading it as one post.
    """
    shown = [line.strip()[:_LINE_CHARS] for line in lines if line and not line.isspace()][:_LOOK_AT_LINES]
    if not shown:
        return "has no text"
    by_form = _unlike_by_start(shown) or _table(shown)
    if by_form is not None or _opens_like_prose(shown[0]):
        return by_form  # people paste whole logs and files, but they begin with a sentence or a greeting
    return _unlike_by_share(shown) or _without_words(shown)


def _unlike_by_start(shown: list[str]) -> str | None:
    first = shown[0]
    if _HTML.match(first) or _share(line.startswith("<") and line.endswith(">") for line in shown) > 0.5:
        return "looks like HTML or XML markup"
    if first.startswith("#!"):
        return "looks like a script"
    if first.startswith("-----BEGIN "):
        return "looks like a key or certificate"
    if _CODE_START.match(first):
        return "begins like program code"
    underlined = len(shown) > 1 and _UNDERLINE.fullmatch(shown[1]) and abs(len(shown[1]) - len(first)) < 3
    if underlined or _UNDERLINE.fullmatch(first) or _DOCUMENT_START.match(first):
        return "looks like a Markdown or reStructuredText document"
    return None


def _table(shown: list[str]) -> str | None:
    tabs = [line.count("\t") for line in shown]
    commas = [len(_BARE_COMMA.findall(line)) for line in shown]
    is_table = len(shown) > 2 and (_same_everywhere(tabs) or _same_everywhere(commas))
    is_table = is_table or (len(shown) > 9 and _same_everywhere([line.count(",") for line in shown]))
    return "looks like a table (tab or comma separated)" if is_table else None


def _opens_like_prose(first: str) -> bool:
    """A greeting, a sentence or at least eight words, in letters, without the signs of code or settings."""
    if not first[0].isalpha() or _CODE_SIGNS.search(first) or _CODE.match(first) or _is_setting(first):
        return False
    return first[-1] in ".,!?:\u2026" or len(first.split()) >= 8


def _unlike_by_share(shown: list[str]) -> str | None:
    if len(shown) < 3:
        return None
    if _share(bool(_LOG_LINE.match(line)) for line in shown) > 0.8:
        return "looks like a log"
    if _share(len(line) <= _SETTING_CHARS and _is_setting(line) for line in shown) > 0.8:
        return "looks like a settings file"
    if _share(bool(_CODE.match(line) or _CODE_END.search(line)) for line in shown) > 0.6:
        return "looks like program code"
    return None


def _is_setting(line: str) -> bool:
    return bool(_SETTING.match(line) or _SECTION.match(line))


def _without_words(shown: list[str]) -> str | None:
    text = "".join("".join(shown)[:_LOOK_AT_CHARS].split())
    letters = sum(map(str.isalpha, text))
    return "has too few words for a post" if letters * 10 < len(text) * 3 else None


def _same_everywhere(counts: list[int]) -> bool:
    return counts[0] > 0 and len(set(counts)) == 1


def _share(truths: Iterable[bool]) -> float:
    values = list(truths)
    return sum(values) / len(values)
