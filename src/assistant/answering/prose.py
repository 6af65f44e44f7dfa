"""Answers in a model's words, held to the posts: what is found is given to a model, what it writes is checked as it comes.

A sentence is shown when it is finished and checked, never before; so what streams is what the answer says in the end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from assistant.answering import wording
from assistant.answering.composing import Composition, Known
from assistant.answering.drafting import Draft, Marker, Sentence
from assistant.answering.finding import Found
from assistant.answering.passages import MOST_PASSAGES, passages_of
from assistant.answering.promptable import marked_data
from assistant.answering.support import Support
from assistant.errors import ServerUnreachable, SettingsError
from assistant.llm.model import Ended, Message, Model, estimated_tokens
from assistant.prompting import Prompt, prompt
from assistant.types import NONE, CutOff, Near, Part, Parts, Passage, Refusal, Reply, Status, Usage

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder

PROMPT = "answer"
MOST_TIMES = 3
"""How often a model may write the same sentence: one that goes on is in a loop, and costs time and money."""
NOTHING = "NOT IN THE POSTS"
"""What the model is to write where no passage answers."""
HEADER_TOKENS = 60
"""What the lines around a passage take at most."""
LEAST_ROOM = 200
"""Tokens of passages without which asking a model is no use."""


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

    async def answer(self, found: Found, nearest: Sequence[Near]) -> AsyncGenerator[str | Reply, None]:
        """Pieces of the answer's text, then the reply whose text they are.

        A failure of the server before its first word is raised (ServerUnreachable and below); after it the answer ends there
        and says so in `cut_off`.
        """
        passages = passages_of(found, await self._room(found), lambda text: estimated_tokens(text) + HEADER_TOKENS)
        writing = _Writing(self, found, passages, nearest)
        async for item in writing.pieces():
            yield item

    async def _room(self, found: Found) -> int:
        """Tokens for passages: the window without answer, instructions and question."""
        window = await self._model.window()
        frame = sum(estimated_tokens(message.content) for message in self.messages(found, ()))
        room = window - self._answer_tokens - frame
        if room < LEAST_ROOM:
            raise SettingsError(
                f"a window of {window} tokens leaves {max(0, room)} for posts, beside {frame} of instructions and question "
                f"and {self._answer_tokens} for the answer",
                hint="lower answer_tokens, or raise context_tokens as far as the server allows",
            )
        return min(room, MOST_PASSAGES * 2000)

    def messages(self, found: Found, passages: Sequence[Passage]) -> list[Message]:
        """What the model is told: instructions, the passages as marked data, the question."""
        plain = Part.MARKING in self._without
        values = {
            "fence": "PASSAGE" if plain else _fence(found, passages),
            "nothing": NOTHING,
            "question": found.question.text,
            "passages": [
                {
                    "label": passage.label,
                    "what": wording.what_it_is(passage.post) if plain else marked_data(wording.what_it_is(passage.post)),
                    "text": passage.text if plain else marked_data(passage.text),
                }
                for passage in passages
            ],
        }
        told = prompt(PROMPT).messages(**values)
        return [Message("system" if role == "system" else "user", content) for role, content in told]

    def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Ended, None]:
        """The model's own stream."""
        return self._model.stream(messages, self._answer_tokens)

    def composition(self, found: Found, passages: Sequence[Passage]) -> tuple[Composition, Support]:
        """An empty answer over these passages, and what checks it."""
        support = Support(passages, self._embedder, self._rarity, self._without)
        known = Known(passages, found.question.text)
        return Composition(passages, support, known, strict=self._strict, without=self._without), support


class _Writing:
    """One answer being written."""

    def __init__(self, prose: Prose, found: Found, passages: Sequence[Passage], nearest: Sequence[Near]) -> None:
        self._prose = prose
        self._found = found
        self._passages = tuple(passages)
        self._nearest = nearest
        self._composition, self._support = prose.composition(found, passages)
        self._draft = Draft()
        self._usage: Usage | None = None
        self._cut: CutOff | None = None
        self._declined = False
        self._said: Counter[str] = Counter()

    async def pieces(self) -> AsyncGenerator[str | Reply, None]:
        # The posts are embedded while the model reads them, so that its first sentence is checked at once.
        preparing = asyncio.create_task(asyncio.to_thread(self._support.prepare))
        try:
            async with aclosing(self._units()) as units:
                async for unit in units:
                    await preparing
                    if self._declines(unit) or self._loops(unit):
                        break
                    if text := await asyncio.to_thread(self._composition.add, unit):
                        yield text
        finally:
            preparing.cancel()
            with suppress(asyncio.CancelledError):
                await preparing
        if not self._declined and (text := self._composition.end(cut_off=self._cut is not None)):
            yield text
        reply = self._reply()
        if reply.text != self._composition.text:
            yield reply.text[len(self._composition.text) :]
        yield reply

    async def _units(self) -> AsyncGenerator[Sentence | Marker, None]:
        """Finished sentences and late markers of the model's stream; its end, or its failure after the first word, is noted."""
        begun = False
        try:
            async with aclosing(self._prose.stream(self._prose.messages(self._found, self._passages))) as stream:
                async for item in stream:
                    if isinstance(item, Ended):
                        self._note(item)
                        break
                    begun = True
                    for unit in self._draft.feed(item):
                        yield unit
        except ServerUnreachable as error:
            if not begun:
                raise
            self._cut = CutOff(error.message, error.hint, error.exit_code, error.http_status)
        for unit in self._draft.end():
            yield unit

    def _note(self, ended: Ended) -> None:
        self._usage = ended.usage
        if ended.reason == "length":
            self._cut = CutOff("the model reached the longest answer allowed", "raise the setting answer_tokens")

    def _declines(self, unit: Sentence | Marker) -> bool:
        """Whether the model says, before anything else, that the passages do not answer."""
        if isinstance(unit, Sentence) and not self._composition.text and not self._composition.left_out:
            self._declined = unit.text.strip(" \n*`'\"").casefold().startswith(NOTHING.casefold())
        return self._declined

    def _loops(self, unit: Sentence | Marker) -> bool:
        """Whether the model says the same thing over and over."""
        if isinstance(unit, Marker):
            return False
        said = " ".join(unit.text.casefold().split())
        self._said[said] += any(map(str.isalnum, said))
        if self._said[said] < MOST_TIMES:
            return False
        self._cut = CutOff("the model repeats itself", "try another model, or a temperature above 0")
        return True

    def _reply(self) -> Reply:
        composition, found = self._composition, self._found
        if self._declined or not (composition.claims or composition.left_out):
            return self._refused(Refusal.MODEL_FOUND_NONE)
        if not composition.claims:
            return self._refused(Refusal.NOTHING_SUPPORTED)
        return Reply(
            composition.text, composition.status, found.confidence, tuple(composition.citations), self._passages,
            usage=self._usage, cut_off=self._cut, left_out=composition.left_out,
        )  # fmt: skip

    def _refused(self, reason: Refusal) -> Reply:
        text = self._composition.text + wording.refused(reason, self._nearest, self._found.threads[0].hit.post)
        return Reply(
            text, Status.REFUSED, self._found.confidence, (), self._passages, refusal=reason, usage=self._usage,
            cut_off=self._cut, left_out=self._composition.left_out,
        )  # fmt: skip


def _fence(found: Found, passages: Sequence[Passage]) -> str:
    """A name for the lines around passages that no post can know: it hangs on the question and all that was found."""
    digest = hashlib.blake2b(found.question.text.encode(), digest_size=5)
    for passage in passages:
        digest.update(f"\x1e{passage.post.post_id}\x1f{passage.text}".encode())
    return digest.hexdigest().upper()


def prompt_used() -> Prompt:
    """The template that answers are asked for with."""
    return prompt(PROMPT)
