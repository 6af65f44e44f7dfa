"""A language model that says what it is told to, for tests of what is made of its words. Its protocol is tested elsewhere."""

from __future__ import annotations

import asyncio

from assistant.errors import ServerUnreachable
from assistant.llm.model import Ended
from assistant.types import Usage


class Scripted:
    """Says `pieces`, or what a function of the messages gives; fails after `fails_after` pieces or at the end.

    After `faults_after` pieces it raises what nobody foresees.
    """

    name = "openai:scripted"

    def __init__(
        self, pieces, *, fails_after=None, faults_after=None, breaks_off=False, wait=0.0, reason="stop", window=16_000
    ):
        self.asked = []
        self.closed = 0
        self._pieces = pieces
        self._fails_after = fails_after
        self._faults_after = faults_after
        self._breaks_off = breaks_off
        self._wait = wait
        self._reason = reason
        self._window = window

    async def window(self):
        return self._window

    async def stream(self, messages, most_tokens, schema=None):
        self.asked.append(messages)
        pieces = self._pieces(messages) if callable(self._pieces) else self._pieces
        try:
            for number, piece in enumerate(pieces):
                if number == self._fails_after:
                    raise ServerUnreachable("the scripted model broke off", hint="write it a longer script")
                if number == self._faults_after:
                    raise RuntimeError("a fault of the test's own")
                if self._wait:
                    await asyncio.sleep(self._wait)
                yield piece
            if self._breaks_off:
                raise ServerUnreachable("the scripted model broke off", hint="write it a longer script")
            yield Ended(self._reason, Usage(100, 20))
        finally:
            self.closed += 1
