"""What a draft is cut into, and the pure steps of it: atoms to parts, markers put before a full stop, the lead of the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.answering.drafting.markers import Atom, Labels
from assistant.language.segments import STOPS, WIDE_STOPS

ENDING = frozenset(STOPS + WIDE_STOPS)
_WIDE = "\u3000\u9fff\uac00\ud7a3"


@dataclass(frozen=True, slots=True)
class Marker:
    """A place where the model names passages: `[1]`, `[1, 2]`, `[1-3]`, `[1][2]`. Labels once each, in order."""

    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is checked as one: a sentence, a list item, a table row, a heading, a block of code.

    `lead` is the white space and layout in front of it (line ends, `- `, `1. `, `> `, `# `, what closes behind a marker's full
    stop), `parts` its text with markers in their places (a marker behind the full stop is put before it), `code` whether it is
    a fenced or indented block. One without parts is layout alone.
    """

    lead: str
    parts: tuple[str | Marker, ...]
    code: bool = False

    @property
    def text(self) -> str:
        """The sentence without its markers and without the white space that they leave behind."""
        text, parted = "", False
        for part in self.parts:
            if isinstance(part, Marker):
                parted = True
            else:
                text, parted = _closed_up(text, part) if parted else text + part, False
        return text.rstrip() if parted else text

    @property
    def labels(self) -> tuple[int, ...]:
        """The passages that it names, once each, in order."""
        return tuple(dict.fromkeys(label for part in self.parts if isinstance(part, Marker) for label in part.labels))


def _closed_up(before: str, after: str) -> str:
    """The texts on the two sides of a marker as one, so that they do not make a new marker together."""
    left, right = before.rstrip(), after.lstrip()
    if max(left.rfind("["), left.rfind("【")) > max(left.rfind("]"), left.rfind("】")):
        return f"{left}  {right}"
    if right[:1] and right[0] in ".,;:!?…)。！？、，":
        return left + right
    return f"{left} {right}" if left else right


def joined(atoms: Iterable[Atom]) -> tuple[str | Marker, ...]:
    """The parts of a sentence."""
    parts: list[str | Marker] = []
    text: list[str] = []
    for atom in atoms:
        if isinstance(atom, str):
            text.append(atom)
            continue
        if text:
            parts.append("".join(text))
        text = []
        parts.append(Marker(atom))
    return (*parts, "".join(text)) if text else tuple(parts)


def add(atoms: list[Atom], atom: Atom) -> None:
    """Append; markers with nothing but white space between them are one."""
    if not isinstance(atom, str):
        last = len(atoms)
        while last and isinstance(space := atoms[last - 1], str) and space.isspace():
            last -= 1
        if last and not isinstance(before := atoms[last - 1], str):
            atoms[last - 1 :] = [before if set(atom) <= set(before) else tuple(dict.fromkeys(before + atom))]
            return
    atoms.append(atom)


def _is_wide(atom: Atom) -> bool:
    return isinstance(atom, str) and (_WIDE[0] <= atom[-1] <= _WIDE[1] or _WIDE[2] <= atom[-1] <= _WIDE[3])


def moves(body: list[Atom]) -> bool:
    """Whether a marker behind the body goes before its full stop: a single one, behind something with a word in it."""
    if len(body) < 2 or body[-1] not in ENDING or body[-2] in ENDING or is_space(body[-2]):
        return False
    return any(isinstance(atom, str) and (len(atom) > 1 or atom.isalpha()) for atom in body)


def marked(body: list[Atom], labels: Labels, spaced: bool) -> list[Atom]:
    """The body with the markers that stood behind it; `spaced`: with white space between."""
    stop = [body.pop()] if moves(body) else []
    last = body[-1]
    if isinstance(last, str) and not last.isspace() and ((stop and not _is_wide(last)) or (not stop and spaced)):
        body.append(" ")
    add(body, labels)
    return body + stop


def lead_of(gap: list[Atom], keep: bool, restore: bool) -> str:
    """White space and layout of a gap without its markers. That in front of a marker goes with it, but for line ends to be
    kept, or if there is no other (and `restore`, or it ends a line)."""
    kept: list[str] = []
    dropped = ""
    for atom in gap:
        if isinstance(atom, str):
            kept.append(atom)
            continue
        popped: list[str] = []
        while kept and kept[-1].isspace() and not (keep and "\n" in kept[-1]):
            popped.append(kept.pop())
        dropped = "".join(reversed(popped)) or dropped
    lead = "".join(kept)
    return lead + dropped if (restore or "\n" in dropped) and not any(char.isspace() for char in lead) else lead


def is_space(atom: Atom) -> bool:
    """Whether an atom is white space."""
    return isinstance(atom, str) and atom.isspace()


def add_apart(gap: list[Atom], labels: Labels) -> None:
    """Append a marker to a gap; one that stands directly behind another is one with it."""
    if gap and not isinstance(last := gap[-1], str):
        gap[-1] = last if set(labels) <= set(last) else tuple(dict.fromkeys(last + labels))
    else:
        gap.append(labels)
