"""One finished generation, open for questions. Parts are opened when first needed and closed together."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from assistant.errors import IndexDamaged
from assistant.indexing.generations import FRESH_HINT
from assistant.indexing.lexical_store import LexicalStore
from assistant.indexing.manifest import Manifest, Recipe, file_faults, read_manifest
from assistant.indexing.post_store import PostStore
from assistant.indexing.vector_store import VectorStore
from assistant.indexing.vocabulary import Vocabulary


class Generation:
    """Posts, vectors and search terms of one build, immutable.

    Raises IndexDamaged when a file is missing or of another size than the manifest says, IndexMismatch when it was
    built by another recipe than the one in force.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self.manifest.require(recipe)
        for fault in file_faults(folder, self.manifest):
            raise IndexDamaged(fault, hint=FRESH_HINT)

    @property
    def name(self) -> str:
        return self.manifest.generation

    @cached_property
    def posts(self) -> PostStore:
        return PostStore(self.folder / "posts.sqlite")

    @cached_property
    def lexical(self) -> LexicalStore:
        return LexicalStore(self.folder / "bm25")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.folder / "bm25")

    @cached_property
    def vectors(self) -> VectorStore:
        return VectorStore(self.folder / "chroma")

    def close(self) -> None:
        """Give up files and memory; the object must not be used afterwards."""
        for name in ("posts", "vectors"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()
        self.__dict__.pop("lexical", None)
        self.__dict__.pop("vocabulary", None)
