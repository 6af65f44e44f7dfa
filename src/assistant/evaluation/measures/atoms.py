"""Names and numbers that a text either has or invents: versions, paths, flags, error codes, identifiers, numbers.

Hyphenated words are no flags, numbers of lists no facts, and "two" is 2. What is code-formatted (in backticks, a flag,
a path, an error code, a dotted, snake or camel name, a version of three parts) admits no paraphrase and is marked so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from assistant.evaluation.measures.wordings import fold, number_goes_on, stands_in

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_ERRNO = frozenset(
    (
        "EPERM ENOENT ESRCH EINTR EIO ENXIO ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV ENODEV "
        "ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE ENOTSUP ENOSYS ENOTEMPTY ELOOP "
        "ENAMETOOLONG EADDRINUSE ECONNREFUSED ECONNRESET ETIMEDOUT EHOSTUNREACH ENETUNREACH EPROTO EOVERFLOW ESTALE"
    ).split()
)
LONGEST_CODE = 80

_OUTSIDE = "\"'“”‘’*`[{<>"
_EMPHASIS = re.compile(r"_[^_()]+_")
_BEHIND = ".,;:!?…()]}"
_LISTED = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?\d{1,2}[.)](?=\s)|(?<!\w)\(\d{1,2}\)(?=\s)|\b(?:step|option)\s+\d{1,2}\b(?![.\d])",
    re.MULTILINE | re.IGNORECASE,
)
_LETTERS_ONLY = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SPLIT = re.compile(r"\((?!\))|(?<!\()\)|(?<!:):(?!:)|(?<!\d),|,(?!\d{3})|[;|=→–—…\"“”<>\[\]{}#]+")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.@+~-]*\w[\w.@+~/-]*|[A-Za-z]:\\\S+")
_FLAG = re.compile(r"--[A-Za-z][\w-]*|-[A-Za-z]")
_VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)+(?:[-.]?(?:alpha|beta|rc|[ab])[-.]?\d*)?)", re.IGNORECASE)
_NUMBER = re.compile(r"[$€£~±+-]?((?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?)[A-Za-zµ%°]{0,4}")
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_CODE_NUMBER = re.compile(r"[A-Z]{2,10}-?\d{2,}(?:-\d+)*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::)\w+)+")
_JUNCTION = re.compile(r"[a-z]+\.[A-Z][a-z]*|(?:[A-Za-z]\.)+[A-Za-z]?")
_SNAKE = re.compile(r"\w*[^\W_]_[^\W_]\w*|__\w+__")
_CAMEL = re.compile(r"\w*[a-z][A-Z]\w*|[A-Z]{2,}[a-z]{2,}\w*")
_MIXED = re.compile(r"(?=\w*\d)(?=\w*[^\W\d_])\w+")


@dataclass(frozen=True)
class Atom:
    """A name or number, folded; `number` where it is a plain number, `code` where it is code-formatted."""

    key: str
    code: bool = False
    number: bool = False

    @cached_property
    def _numerals(self) -> tuple[str, ...]:
        """How a number may be written: as it is, with a zero before it, with its thousands marked."""
        whole, _, part = self.key.partition(".")
        if part:
            return (self.key,)
        plain = whole.lstrip("0") or "0"
        return tuple(dict.fromkeys((plain, self.key, f"0{plain}", f"{int(plain):,}")))

    def stands_in(self, folded: str) -> bool:
        """Whether a folded text has it, as a whole: a number also spelt out, with a unit or with its thousands marked."""
        if not self.number:
            return stands_in(self.key, folded)
        if any(_has_number(numeral, folded) for numeral in self._numerals):
            return True
        value = self._numerals[0]
        return value.isdigit() and len(value) <= 2 and int(value) < len(_WORDS) and stands_in(_WORDS[int(value)], folded)


def _has_number(numeral: str, folded: str) -> bool:
    """Whether a number stands there, not as a part of a longer one; a unit may touch it."""
    start = folded.find(numeral)
    while start >= 0:
        end = start + len(numeral)
        longer = folded[end : end + 1].isdigit() or number_goes_on(folded, end)
        if not longer and not _within(numeral, folded, start):
            return True
        start = folded.find(numeral, start + 1)
    return False


def _within(numeral: str, folded: str, start: int) -> bool:
    """Whether digits before belong to the same number: "5" in "2.5", "000" in "1,000", but not "5" in "4,5"."""
    before = folded[start - 1 : start]
    if before in (".", ","):
        return folded[max(0, start - 2) : start - 1].isdigit() and (before == "." or (len(numeral) == 3 and numeral.isdigit()))
    return before.isdigit()


def atoms_of(text: str, code: tuple[str, ...] = ()) -> tuple[Atom, ...]:
    """The distinct atoms of a text in order. `code` are the inline code spans in it."""
    found: dict[str, Atom] = {}
    for span in code:
        for atom in _of_code(span):
            found[atom.key] = atom
    for token in _LISTED.sub(" ", text.replace("`", "")).split():
        # Plain words are nine tokens in ten.
        if not token.isalpha() or not (token.islower() or token.istitle()):
            for atom in _of_token(token):
                found.setdefault(atom.key, atom)
    return tuple(found.values())


def _of_code(span: str) -> tuple[Atom, ...]:
    words = span.strip()
    if len(words) > LONGEST_CODE or not re.search(r"\w", words):
        return ()
    if len(words.split()) == 1:
        return (_name(words.removesuffix("()"), True),)
    return tuple(Atom(atom.key, True, atom.number) for token in words.split() for atom in _of_token(token))


def _name(words: str, code: bool) -> Atom:
    return Atom(fold(words), code)


@lru_cache(maxsize=65_536)
def _of_token(token: str) -> tuple[Atom, ...]:
    """The atoms of a run of characters without white space."""
    token = token.strip(_OUTSIDE).lstrip("(").strip(_OUTSIDE)
    token = token.rstrip(_BEHIND) + ("()" if token.rstrip(".,;:!?").endswith("()") else "")
    if _EMPHASIS.fullmatch(token):
        token = token[1:-1]
    if not token or (_LETTERS_ONLY.fullmatch(token) and not _CAMEL.search(token) and token not in _ERRNO):
        return ()
    if _URL.fullmatch(token) or _PATH.fullmatch(token):
        return (_name(token, True),)
    if token[0] == "-" and (flag := _FLAG.match(token)):
        rest = token[flag.end() :]
        if rest[:1] in ("", "=", ":"):
            return (_name(flag[0], True), *_of_token(rest[1:]))
        return _of_token(token.lstrip("-"))
    parts = [part for part in _SPLIT.split(token) if part]
    if parts != [token]:
        return tuple(atom for part in parts for atom in _of_token(part))
    if "/" in token:
        return tuple(atom for part in token.split("/") for atom in _of_token(part))
    return _of_part(token)


def _of_part(part: str) -> tuple[Atom, ...]:
    if version := _VERSION.fullmatch(part):
        key = version[1].lower()
        three = key.count(".") > 1 or not key.replace(".", "").isdigit()
        return (Atom(key, three, number=not three and key.count(".") == 1),)
    if _HEX.fullmatch(part) or _CODE_NUMBER.fullmatch(part) or part in _ERRNO:
        return (_name(part, True),)
    if number := _NUMBER.fullmatch(part):
        return (Atom(number[1].replace(",", ""), number=True),)
    name = part.removesuffix("()").strip(".-+&@'’()")
    if name and ((_DOTTED.fullmatch(name) and not _JUNCTION.fullmatch(name)) or _SNAKE.fullmatch(name)):
        return (_name(name, True),)
    if part.endswith("()") and name.isidentifier():
        return (_name(name, True),)
    # A point is the last thing to cut at: it may be that of a number ("09:43.017192-0700").
    for cut in (r"[-'’]+", r"(?<!\d)\.+|\.+(?!\d)"):
        pieces = [piece for piece in re.split(cut, name) if piece]
        if len(pieces) > 1:
            return tuple(atom for piece in pieces for atom in _of_token(piece))
    if _CAMEL.fullmatch(name):
        return (_name(name, len(name) > 3),)
    return (_name(name, False),) if _MIXED.fullmatch(name) else ()
