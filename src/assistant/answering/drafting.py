"""A model's text as it streams in, cut into sentences whose markers are read; whatever the cuts between pieces are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marker:
    """A place where the model names passages: `[1]`, `[1, 2]`, `[1-3]`, `[1][2]`. Labels once each, in order."""

    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is checked as one: a sentence, a list item, a table row, a heading, a block of code.

    `lead` is the white space and layout in front of it (line ends, `- `, `1. `, `> `, `# `), `parts` its text with markers in
    their places (a marker behind the full stop is put before it), `code` whether it is a fenced or indented block.
    """

    lead: str
    parts: tuple[str | Marker, ...]
    code: bool = False

    @property
    def text(self) -> str:
        """The sentence without its markers."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def labels(self) -> tuple[int, ...]:
        """The passages that it names, once each, in order."""
        return tuple(dict.fromkeys(label for part in self.parts if isinstance(part, Marker) for label in part.labels))


class Draft:
    """Takes pieces of a stream and gives finished sentences."""

    def feed(self, piece: str) -> list[Sentence | Marker]:
        """Sentences that `piece` finishes. A lone `Marker` belongs to the sentence that was given last: it came behind its
        end. What is given hangs on the joined text alone, not on how it was cut."""
        raise NotImplementedError

    def end(self) -> list[Sentence | Marker]:
        """What is left when the stream has ended."""
        raise NotImplementedError
