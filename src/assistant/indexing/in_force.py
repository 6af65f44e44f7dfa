"""The generation in force, shared by threads and by answers that stream.

What a newer generation has replaced stays open until the last who reads it is done, and is closed then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from assistant.indexing.generation import Generation, open_in_force
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import Recipe

MadeT = TypeVar("MadeT")


@dataclass(slots=True, eq=False)
class _Shared(Generic[MadeT]):
    generation: Generation
    made: MadeT
    readers: int = 0
    replaced: bool = False

    def close_if_left(self) -> None:
        if self.replaced and not self.readers:
            self.generation.close()


class InForce(Generic[MadeT]):
    """What `made` makes of the generation in force, once for each generation. Usable from any thread; `close` when done.

    `made` only puts together; it is called while others wait, and what is slow to load is loaded when it is used.
    """

    def __init__(self, folder: IndexFolder, recipe: Recipe, made: Callable[[Generation], MadeT]) -> None:
        self._folder = folder
        self._recipe = recipe
        self._make = made
        self._lock = threading.Lock()
        self._shared: _Shared[MadeT] | None = None

    @contextmanager
    def reading(self) -> Iterator[MadeT]:
        """What reads from the generation in force, which stays open for the block.

        Raises IndexMissing, IndexDamaged, IndexMismatch.
        """
        with self._lock:
            shared = self._renewed()
            shared.readers += 1
        try:
            yield shared.made
        finally:
            with self._lock:
                shared.readers -= 1
                shared.close_if_left()

    def latest(self) -> MadeT:
        """The same, not held: it is closed as soon as a newer generation is in force and nobody is `reading` it."""
        with self._lock:
            return self._renewed().made

    def close(self) -> None:
        """Give up the open generation once nobody reads it any more; asked again, the one in force is opened anew."""
        with self._lock:
            self._replace(None)

    def _renewed(self) -> _Shared[MadeT]:
        name = self._folder.current_name()
        shared = self._shared
        # An index that was deleted and built anew may have a generation of the same name.
        if shared is None or shared.generation.name != name or not shared.generation.stands():
            generation = open_in_force(self._folder, self._recipe)
            shared = _Shared(generation, self._make(generation))
            self._replace(shared)
        return shared

    def _replace(self, newer: _Shared[MadeT] | None) -> None:
        older, self._shared = self._shared, newer
        if older is not None:
            older.replaced = True
            older.close_if_left()
