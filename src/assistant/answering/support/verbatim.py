"""What counts as word for word: a sentence that is a post's own, and lines of code that stand in a post.

What a post quotes of somebody else is not its own: often it is quoted to be refuted.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"[`*_]+(?=\W|$)|(?<!\w)[`*_]+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_QUOTED = re.compile(r"^ {0,3}>")
SHORTEST_LINE = 3
"""Letters and digits of a line of code that says anything: a lone bracket does not."""


def folded(text: str) -> str:
    """A text for comparing word by word: white space folded, small letters, without marks of layout and at its ends."""
    return " ".join(_MARKS.sub("", text).lower().split()).strip(" .!;:,\"'“”‘’-•>")


def own_words(body: str) -> str:
    """A body with the lines it quotes ("> ...", outside of fences) blanked out by line ends, so that offsets stay; all of it
    where it has nothing else."""
    kept, fenced = [], False
    for line in body.splitlines(keepends=True):
        quoted = not fenced and bool(_QUOTED.match(line))
        fenced ^= not quoted and bool(_FENCE.match(line))
        kept.append("\n" * len(line) if quoted else line)
    own = "".join(kept)
    return own if own.strip() else body


def is_code(claim: str) -> bool:
    """Whether a claim is a block of code: fenced, or indented in each line."""
    lines = [line for line in claim.splitlines() if line.strip()]
    return bool(lines) and (bool(_FENCE.match(lines[0])) or all(line.startswith(("    ", "\t")) for line in lines))


def code_lines(claim: str) -> list[str]:
    """The lines of a block of code that say anything, white space folded."""
    lines = (" ".join(line.split()) for line in claim.splitlines() if not _FENCE.match(line))
    return [line for line in dict.fromkeys(lines) if sum(map(str.isalnum, line)) >= SHORTEST_LINE]


def place_of(line: str, body: str) -> tuple[int, int] | None:
    """Where a folded line stands in a post, word for word; None where it does not."""
    words = r"\s+".join(re.escape(word) for word in line.split())
    match = re.search(rf"(?<!\w){words}(?!\w)" if line[0].isalnum() or line[0] == "_" else rf"{words}(?!\w)", body)
    return match.span() if match else None
