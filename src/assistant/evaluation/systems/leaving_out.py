"""One assistant for the whole index, and one at a time for the index without some threads."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from assistant.indexing.generations import IndexFolder
from assistant.indexing.leaving_out import leave_out
from assistant.pipeline import Assistant
from assistant.settings import Settings


class LeavingOut:
    """Opens the index that the settings name; builds what leaves out threads in a temporary folder.

    Raises IndexMissing, IndexDamaged, IndexMismatch when it is made.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.whole = Assistant(settings)
        self.manifest = self.whole.generation.manifest
        self._scratch = tempfile.TemporaryDirectory(prefix="assistant-without-")
        self._left_out: tuple[tuple[str, ...], Assistant] | None = None

    def assistant(self, without: Sequence[str]) -> Assistant:
        """The assistant for the index without these threads. Raises what building an index raises."""
        if not without:
            return self.whole
        if self._left_out is None or self._left_out[0] != tuple(without):
            target = IndexFolder(Path(self._scratch.name))
            leave_out(IndexFolder(self._settings.index), target, self.whole.embedder, without, self._settings.without)
            if self._left_out:
                self._left_out[1].close()
            settings = self._settings.model_copy(update={"index": target.path})
            self._left_out = (tuple(without), Assistant(settings, self.whole.embedder))
        return self._left_out[1]

    def give_up(self, assistant: Assistant) -> None:
        """Forget an assistant that a thread still works with: it is not closed under its hands."""
        if assistant is self.whole:
            self.whole = Assistant(self._settings)
        else:
            self._left_out = None

    def close(self) -> None:
        """Close what is open and remove what was built."""
        self.whole.close()
        if self._left_out:
            self._left_out[1].close()
        self._scratch.cleanup()
