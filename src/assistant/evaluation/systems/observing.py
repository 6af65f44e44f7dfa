"""What the confidence is computed from, asked of the same pipeline and indexes that `InProcess` answers from."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering.finding.confidence import Observed
from assistant.evaluation.systems.leaving_out import LeavingOut
from assistant.evaluation.topics import Topic
from assistant.settings import Settings

REBUILT = 500
"""Posts up to which leaving out a thread builds the index anew: a third of a second for a few hundred posts."""


class Observing:
    """Gives the signs of a topic on one index, or on that index without some threads.

    An index of more than `REBUILT` posts is not built anew for each topic: hits of those threads are passed over.
    """

    def __init__(self, settings: Settings) -> None:
        self._indexes = LeavingOut(settings)

    def __call__(self, topic: Topic, without: Sequence[str]) -> Observed | None:
        """The signs, None where there is nothing to read. Raises what the pipeline raises."""
        if self._indexes.manifest.posts > REBUILT:
            return self._indexes.whole.observed(topic.question, topic.history, frozenset(without))
        return self._indexes.assistant(without).observed(topic.question, topic.history)

    def threads(self) -> dict[str, str]:
        """The thread of every post of the index, by `post_id` and by `source_id`."""
        return self._indexes.whole.generation.posts.threads()

    def close(self) -> None:
        """Close the indexes."""
        self._indexes.close()
