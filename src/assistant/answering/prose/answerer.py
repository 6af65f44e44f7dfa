"""Answers in a model's words: what is found is put to a model, and what it writes is held to the posts (`writing`)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from assistant.answering import wording
from assistant.answering.defusing.promptable import marked_data
from assistant.answering.finding.finder import Found
from assistant.answering.prose.composing import Composition, Known
from assistant.answering.prose.passages import MOST_PASSAGES, passages_of
from assistant.answering.prose.writing import NOTHING, Writing
from assistant.answering.support.check import Support
from assistant.errors import SettingsError
from assistant.llm.model import Message, Model, estimated_tokens
from assistant.prompting import prompt
from assistant.types import NONE, Part, Parts, Passage, Reply

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder

PROMPT = "answer"
HEADER_TOKENS = 60
"""What the lines around a passage take at most: its title is cut at 160 characters."""
LEAST_ROOM = 200
"""Tokens of passages without which asking a model is no use: a short post."""
MOST_ROOM = MOST_PASSAGES * 900
"""Tokens of passages at most: all of them at full length (`passages.LONGEST`, three characters a token). A larger window is
left empty, since more costs time and money and answers no better."""


class Prose:
    """The answerer that asks a model."""

    def __init__(
        self,
        model: Model,
        embedder: Embedder,
        rarity: Callable[[str], float],
        *,
        answer_tokens: int,
        strict: bool = False,
        without: Parts = NONE,
    ) -> None:
        self._model = model
        self._embedder = embedder
        self._rarity = rarity
        self._answer_tokens = answer_tokens
        self._strict = strict
        self._without = without

    async def answer(self, found: Found) -> AsyncGenerator[str | Reply, None]:
        """Pieces of the answer's text, then the reply whose text they are.

        A failure of the server before its first word is raised (ServerUnreachable and below); after it the answer ends there
        and says so in `cut_off`. Closing the generator closes the model's stream.
        """
        passages = passages_of(found, await self._room(found), lambda text: estimated_tokens(text) + HEADER_TOKENS)
        support = Support(passages, self._embedder, self._rarity, self._without)
        known = Known(passages, found.question.text)
        composition = Composition(passages, support, known, strict=self._strict, without=self._without)
        writing = Writing(found, composition, support, prompt(PROMPT).used, _fence(found, passages))
        stream = self._model.stream(self._messages(found, passages), self._answer_tokens)
        async with aclosing(writing.pieces(stream)) as items:
            async for item in items:
                yield item

    async def _room(self, found: Found) -> int:
        """Tokens for passages: the window without answer, instructions and question."""
        window = await self._model.window()
        frame = sum(estimated_tokens(message.content) for message in self._messages(found, ()))
        room = window - self._answer_tokens - frame
        if room < LEAST_ROOM:
            raise SettingsError(
                f"a window of {window} tokens leaves {max(0, room)} for posts, beside {frame} of instructions and question "
                f"and {self._answer_tokens} for the answer",
                hint="lower answer_tokens, or raise context_tokens as far as the server allows",
            )
        return min(room, MOST_ROOM)

    def _messages(self, found: Found, passages: Sequence[Passage]) -> list[Message]:
        """What the model is told: instructions, the passages as marked data, the question."""
        marked = str if Part.MARKING in self._without else marked_data
        values = {
            "fence": _fence(found, passages),
            "nothing": NOTHING,
            "question": found.question.text,
            "passages": [
                {
                    "label": passage.label,
                    "what": marked(wording.what_it_is(passage.post)),
                    "text": marked(passage.text),
                }
                for passage in passages
            ],
        }
        told = prompt(PROMPT).messages(**values)
        return [Message("system" if role == "system" else "user", content) for role, content in told]


def _fence(found: Found, passages: Sequence[Passage]) -> str:
    """A name for the lines around passages that no post can know: it hangs on the question and all that was found."""
    digest = hashlib.blake2b(found.question.text.encode(), digest_size=5)
    for passage in passages:
        digest.update(f"\x1e{passage.post.post_id}\x1f{passage.text}".encode())
    return digest.hexdigest().upper()
