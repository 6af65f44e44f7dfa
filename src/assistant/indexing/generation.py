"""One finished generation, open for questions from any number of threads.

It is leased while it is open, so no build removes it. Parts are opened when first needed and closed together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from assistant.errors import IndexDamaged, IndexUnusable
from assistant.indexing.generations import FRESH_HINT, IndexFolder
from assistant.indexing.lease import Lease
from assistant.indexing.lexical_store import LexicalStore
from assistant.indexing.manifest import NAME as MANIFEST
from assistant.indexing.manifest import Manifest, Recipe, file_faults, read_manifest
from assistant.indexing.post_store import PostStore
from assistant.indexing.vector_store import VectorStore
from assistant.indexing.vocabulary import Vocabulary

PartT = TypeVar("PartT")


class Generation:
    """Posts, vectors and search terms of one build, immutable.

    Raises IndexDamaged when a file is missing or of another size than the manifest says, or the whole folder was removed,
    IndexMismatch when it was built by another recipe than the one in force.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self._lease = _leased(folder)
        self._opening = threading.Lock()
        self._parts: dict[Any, Any] = {}
        self._closed = False
        try:
            self.manifest: Manifest = read_manifest(folder)
            self.manifest.require(recipe)
            for fault in file_faults(folder, self.manifest):
                raise IndexDamaged(fault, hint=FRESH_HINT)
        except IndexUnusable:
            self.close()
            raise

    @property
    def name(self) -> str:
        return self.manifest.generation

    @property
    def built(self) -> float:
        """When the generation was finished, in seconds since 1970: its manifest is the last file that is written.

        Raises FileNotFoundError once a newer build has removed it.
        """
        return (self.folder / MANIFEST).stat().st_mtime

    @property
    def posts(self) -> PostStore:
        return self._part(PostStore, "posts.sqlite")

    @property
    def lexical(self) -> LexicalStore:
        return self._part(LexicalStore, "bm25")

    @property
    def vocabulary(self) -> Vocabulary:
        return self._part(Vocabulary, "bm25")

    @property
    def vectors(self) -> VectorStore:
        return self._part(VectorStore, "chroma")

    def _part(self, kind: Callable[[Path], PartT], place: str) -> PartT:
        with self._opening:
            if self._closed:
                raise RuntimeError(f"{self.folder.name} was closed and is read")
            if kind not in self._parts:
                self._parts[kind] = kind(self.folder / place)
            part: PartT = self._parts[kind]
            return part

    def stands(self) -> bool:
        """Whether the folder still is the one that was opened, not removed nor replaced by another of its name."""
        return self._lease.stands()

    def close(self) -> None:
        """Give up files, memory and the lease; the object must not be used afterwards."""
        with self._opening:
            self._closed = True
            for part in self._parts.values():
                if isinstance(part, PostStore | VectorStore | LexicalStore):
                    part.close()
            self._parts.clear()
            self._lease.close()


def _leased(folder: Path) -> Lease:
    try:
        return Lease(folder)
    except OSError as error:
        raise IndexDamaged(f"the generation {folder.name} cannot be opened ({error})", hint=FRESH_HINT) from error


def open_in_force(folder: IndexFolder, recipe: Recipe) -> Generation:
    """Open the generation in force. Raises IndexMissing, IndexDamaged, IndexMismatch."""
    while True:
        name = folder.current_name()
        try:
            return Generation(folder.path / name, recipe)
        except IndexDamaged:
            # Between reading its name and leasing it builds may have replaced it; the next one is tried then.
            if folder.current_name() == name:
                raise
