"""Secrets made up at random, planted in contexts that were written by hand: what masking is measured with.

The contexts are in `tests/language/secrets`; no secret stands in a file, so that no scanner of repositories takes one for real.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "language" / "secrets"
TIMES = 3
"""How often a context is used, each time with another secret."""
_PIECE = re.compile(r"\[(?P<set>\[|\]|[^\]]+)\](?:\{(?P<times>\d+)\})?|\((?P<either>[^()]*)\)|\\n|.")
_RANGES = {"A-Z": string.ascii_uppercase, "a-z": string.ascii_lowercase, "0-9": string.digits, "2-7": "234567",
           "a-f": "abcdef", "A-F": "ABCDEF"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """A post with a secret: `text[start:end] == secret`."""

    kind: str
    text: str
    secret: str

    @property
    def start(self) -> int:
        return self.text.index(self.secret)


def made(shape: str, chance: random.Random) -> str:
    """A string of a shape: sets of characters with a number of times, alternatives in parentheses, and the rest as it is."""
    found = []
    for piece in _PIECE.finditer(shape.replace("\\\\n", "\0")):
        if piece["set"]:
            letters = re.sub(r"\w-\w", lambda match: _RANGES[match[0]], piece["set"])
            found += chance.choices(letters, k=int(piece["times"] or 1))
        elif piece["either"] is not None:
            found.append(chance.choice(piece["either"].split("|")))
        else:
            found.append("\n" if piece[0] == "\\n" else piece[0])
    return "".join(found).replace("\0", "\\n")


def planted(split: str, times: int = TIMES) -> Iterator[Planted]:
    """The seeded posts of `dev` or `test`, the same at every run."""
    kind = shape = ""
    for number, line in enumerate((FOLDER / f"{split}.txt").read_text(encoding="utf-8").splitlines()):
        if line.startswith("## "):
            kind, shape = line[3:].split(" ", maxsplit=1)
        elif "§" in line and kind:
            context = line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")
            for time in range(times):
                secret = made(shape, random.Random(f"{split} {number} {time}"))
                yield Planted(kind, context.replace("§", secret), secret)


def clean() -> list[str]:
    """Posts that only look as if they held a secret."""
    return (FOLDER / "clean.txt").read_text(encoding="utf-8").splitlines()[1:]
