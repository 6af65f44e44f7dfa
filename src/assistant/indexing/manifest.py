"""What a generation vouches for: which posts, cut and embedded how, in which files of which content."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.errors import IndexDamaged, IndexMismatch
from assistant.indexing.chunker import CHUNKER, chunker_name
from assistant.indexing.generations import FRESH_HINT
from assistant.indexing.lexical_store import ANALYSIS, analysis_name
from assistant.indexing.schema import open_read_only
from assistant.language.redaction.masking import NOT_REDACTED, REDACTION, redaction_name
from assistant.types import NONE, Parts

# Chroma notes in a table of its own database that somebody opened it.
CHANGED_ON_OPEN = frozenset({"chroma.sqlite3"})
OPENING_TABLES = frozenset({"acquire_write"})

FORMAT = 2
NAME = "manifest.json"
DIGEST = "sha256"
"""Key under which the manifest vouches for itself."""
REBUILD = "run `assistant index` to build it anew from its sources"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything beside the posts that decides what a generation holds."""

    embedder: str
    chunker: str = CHUNKER
    analysis: str = ANALYSIS
    redaction: str = REDACTION
    format: int = FORMAT

    @classmethod
    def of(cls, embedder: str, without: Parts = NONE, *, redact: bool = True) -> Recipe:
        """The recipe in force for an embedder's fingerprint, with these parts switched off, secrets masked or not."""
        return cls(embedder, chunker_name(without), analysis_name(without), redaction_name(redact))

    @property
    def redact(self) -> bool:
        """Whether secrets are masked."""
        return self.redaction != NOT_REDACTED


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of a generation as it was when the generation was finished; `path` relative to its folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record of one generation. `corpus` is a hash of all posts and their fields, independent of their order."""

    generation: str
    corpus: str
    recipe: Recipe
    posts: int
    threads: int
    chunks: int
    dimension: int
    versions: dict[str, str]
    files: tuple[FileRecord, ...]

    def require(self, recipe: Recipe) -> None:
        """Raise IndexMismatch unless the generation was made by `recipe`."""
        if self.recipe == recipe:
            return
        differences = [
            f"{name} {built!r}, now {wanted!r}"
            for name, built in asdict(self.recipe).items()
            if built != (wanted := getattr(recipe, name))
        ]
        raise IndexMismatch(f"the index was built with another {'; '.join(differences)}", hint=REBUILD)


def content_sha256(path: Path) -> str:
    """sha256 of what a file holds: its bytes, or for a file that opening changes, the rows of its tables.

    Raises sqlite3.DatabaseError for such a file that is no database any more.
    """
    if path.name in CHANGED_ON_OPEN:
        return _rows_sha256(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rows_sha256(path: Path) -> str:
    sha256 = hashlib.sha256()
    with closing(open_read_only(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            if table not in OPENING_TABLES:
                for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                    sha256.update(repr((table, *row)).encode())
    return sha256.hexdigest()


def record_files(folder: Path) -> tuple[FileRecord, ...]:
    """All files below `folder`, in order of their names, flushed to the disk."""
    return tuple(_recorded(folder))


def _recorded(folder: Path) -> Iterator[FileRecord]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        yield FileRecord(path.relative_to(folder).as_posix(), path.stat().st_size, content_sha256(path))


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def file_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Files that are missing or of another size than the manifest says, a sentence each. Quick: no file is read."""
    for record in manifest.files:
        path = folder / record.path
        if not path.is_file():
            yield f"{path} is missing"
        elif (size := path.stat().st_size) != record.size and (path.name not in CHANGED_ON_OPEN or size < record.size):
            yield f"{path} has {path.stat().st_size} bytes, the manifest says {record.size}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest durably: the last file of a generation."""
    data = asdict(manifest)
    with (folder / NAME).open("w", encoding="utf-8") as stream:
        json.dump({**data, DIGEST: _digest(data)}, stream, indent=1, sort_keys=True)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a finished generation. Raises IndexDamaged, or IndexMismatch for a newer format."""
    try:
        data: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if data["recipe"]["format"] > FORMAT:
            raise IndexMismatch(
                f"{folder} has index format {data['recipe']['format']}, this version reads up to {FORMAT}",
                hint="upgrade this program, or run `assistant index` to build an index of this version",
            )
        if data.pop(DIGEST, None) != _digest(data):
            raise ValueError("its own sha256 does not hold")
        files = tuple(FileRecord(**record) for record in data.pop("files"))
        # Before format 2 nothing was masked, and the recipe did not say so.
        return Manifest(recipe=Recipe(**{"redaction": NOT_REDACTED} | data.pop("recipe")), files=files, **data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"the manifest of {folder} cannot be read ({error})", hint=FRESH_HINT) from error
