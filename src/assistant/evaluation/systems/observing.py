"""What the confidence is computed from, asked of the same pipeline and indexes that `InProcess` answers from."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.confidence import Observed
from assistant.evaluation.systems.leaving_out import LeavingOut
from assistant.evaluation.topics import Topic
from assistant.settings import Settings


class Observing:
    """Gives the signs of a topic on one index, or on that index without some threads."""

    def __init__(self, settings: Settings) -> None:
        self._indexes = LeavingOut(settings)

    def __call__(self, topic: Topic, without: Sequence[str]) -> Observed | None:
        """The signs, None where there is nothing to read. Raises what the pipeline raises."""
        return self._indexes.assistant(without).observed(topic.question, topic.history)

    def close(self) -> None:
        """Close the indexes."""
        self._indexes.close()
