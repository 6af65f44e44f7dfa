"""One answer being written: a model's stream to checked sentences, and the reply that they make.

A sentence is shown when it is finished and checked, never before; so what streams is what the answer says in the end.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from assistant.answering import wording
from assistant.answering.drafting.draft import Draft
from assistant.answering.drafting.sentences import Marker, Sentence
from assistant.answering.finding.finder import Found
from assistant.answering.prose.composing import Composition
from assistant.answering.support.check import Support
from assistant.errors import ServerUnreachable
from assistant.llm.model import Ended
from assistant.types import CutOff, PromptUsed, Refusal, Reply, Status, Usage

MOST_TIMES = 3
"""How often a model may write the same sentence: one that goes on is in a loop, and costs time and money."""
NOTHING = "NOT IN THE POSTS"
"""What the model is to write where no passage answers."""
_DECLINES = re.compile(r"\bNOT IN THE POSTS?\b")
"""The same inside of a sentence; in capitals, since in small letters it may be said of one thing beside others."""

Stream = AsyncGenerator[str | Ended, None]


class Writing:
    """From a model's stream to a reply. Used once."""

    def __init__(self, found: Found, composition: Composition, support: Support, used: PromptUsed, fence: str) -> None:
        """`fence` names the lines around the passages: a model that writes it repeats its prompt."""
        self._found = found
        self._fence = fence
        self._composition = composition
        self._support = support
        self._prompt = used
        self._draft = Draft()
        self._said: Counter[str] = Counter()
        self._usage: Usage | None = None
        self._cut: CutOff | None = None
        self._declined = False

    async def pieces(self, stream: Stream) -> AsyncGenerator[str | Reply, None]:
        """Text as it may be shown, then the reply whose text it is. Closes `stream` in every case."""
        # The posts are embedded while the model reads them, so that its first sentence is checked at once.
        preparing = asyncio.create_task(asyncio.to_thread(self._support.prepare))
        try:
            async with aclosing(self._units(stream)) as units:
                async for unit in units:
                    await preparing
                    if self._declines(unit) or self._loops(unit):
                        break
                    if isinstance(unit, Sentence) and (_DECLINES.search(unit.text) or self._fence in unit.text):
                        continue  # nothing said: behind an answer, or a line of the prompt
                    if text := await asyncio.to_thread(self._composition.add, unit):
                        yield text
        finally:
            preparing.cancel()
            with suppress(asyncio.CancelledError):
                await preparing
        # A block of code may still be waiting, so whether anything is shown is known only behind the end.
        if ending := self._composition.end(cut_off=self._cut is not None):
            yield ending
        if reason := self._refusal():
            yield (refusal := wording.refused(reason, self._found.nearest, self._found.threads[0].hit.post))
            yield self._reply(self._composition.text + refusal, reason)
        else:
            yield self._reply(self._composition.text, None)

    async def _units(self, stream: Stream) -> AsyncGenerator[Sentence | Marker, None]:
        """Finished sentences and late markers of the stream; its end, or its failure after the first word, is noted."""
        begun = False
        try:
            async with aclosing(stream):
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
            self._cut = CutOff(
                "the model reached the longest answer allowed", "raise the setting answer_tokens", by_length=True
            )
        elif ended.reason != "stop":
            self._cut = CutOff(f"the server ended the answer: {ended.reason}", "see the log of the server, or ask otherwise")

    def _declines(self, unit: Sentence | Marker) -> bool:
        """Whether the model says that the passages do not answer, before it has said anything that is shown."""
        if isinstance(unit, Sentence) and not self._composition.shown:
            begins = unit.text.strip(" \n*`'\"").casefold().startswith(NOTHING.casefold())
            self._declined = begins or _DECLINES.search(unit.text) is not None
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

    def _refusal(self) -> Refusal | None:
        """Why this is no answer, if it is none."""
        if self._composition.shown:
            return None
        if self._composition.left_out:
            return Refusal.NOTHING_SUPPORTED
        stopped = not self._declined and (self._cut is not None or not self._said)
        return Refusal.MODEL_STOPPED if stopped else Refusal.MODEL_FOUND_NONE

    def _reply(self, text: str, refusal: Refusal | None) -> Reply:
        composition, found = self._composition, self._found
        return Reply(
            text,
            composition.status if refusal is None else Status.REFUSED,
            found.confidence,
            tuple(composition.citations),
            composition.passages,
            refusal=refusal,
            usage=self._usage,
            cut_off=self._cut,
            left_out=composition.left_out,
            prompts=(self._prompt,),
        )
