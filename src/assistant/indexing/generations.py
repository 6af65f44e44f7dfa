"""The index folder: immutable generations behind a pointer, and one writer.

    INDEX/CURRENT                 name of the generation in force, replaced as a whole
    INDEX/gen-000007-1a2b3c4d/    posts.sqlite, chroma/, bm25/, manifest.json
    INDEX/cache/embeddings.sqlite
    INDEX/writer.lock, writer.pid

A build works in `*.partial` and renames it when it is whole; then the pointer moves. A crash leaves a partial folder,
which the next build removes, and the pointer where it was. A generation that somebody reads (`lease`) is not removed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assistant.errors import IndexDamaged, IndexLocked, IndexMissing, IndexUnusable
from assistant.indexing.lease import remove_unleased

CURRENT = "CURRENT"
PARTIAL = ".partial"
KEPT = 2
"""Generations that stay, read or not: the one in force, and the one before it, to be rolled back to."""

BUILD_HINT = "build one: `assistant index PATH...`"
FRESH_HINT = "build it anew: `assistant index --fresh PATH...` (name all its sources; what was embedded is kept)"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, text: str) -> None:
    """Replace the content of `path` in one step that survives a crash."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


class IndexFolder:
    """Where the generations of one index lie."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def cache(self) -> Path:
        return self.path / "cache" / "embeddings.sqlite"

    def current_name(self) -> str:
        """Name of the generation in force. Raises IndexMissing, IndexDamaged."""
        name = self._pointer()
        while not name.startswith("gen-") or "/" in name or not (self.path / name).is_dir():
            # Builds may have replaced and removed it after its name was read.
            pointer = self._pointer()
            if pointer == name:
                raise IndexDamaged(f"{self.path / CURRENT} names {name[:80]!r}, which is not here", hint=FRESH_HINT)
            name = pointer
        return name

    def _pointer(self) -> str:
        try:
            return (self.path / CURRENT).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise IndexMissing(f"there is no index in {self.path}", hint=BUILD_HINT) from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexDamaged(f"{self.path / CURRENT} cannot be read ({error})", hint=FRESH_HINT) from error

    def current(self) -> Path:
        """Folder of the generation in force. Raises IndexMissing, IndexDamaged."""
        return self.path / self.current_name()

    def generations(self) -> list[Path]:
        """Finished generations, oldest first."""
        return sorted(path for path in self.path.glob("gen-*") if path.suffix != PARTIAL and path.is_dir())

    def next_name(self, corpus: str) -> str:
        """A name that sorts after all others and says which corpus it holds."""
        numbers = [int(path.name.split("-")[1]) for path in self.generations() if path.name.split("-")[1].isdigit()]
        return f"gen-{max(numbers, default=0) + 1:06d}-{corpus[:8]}"

    def start_partial(self) -> Path:
        """An empty folder to build in; what earlier builds left behind is removed. Call under the writer's lock."""
        for left in self.path.glob(f"*{PARTIAL}"):
            shutil.rmtree(left)
        self._remove_old()
        folder = self.path / f"gen-next{PARTIAL}"
        folder.mkdir(mode=0o700)
        return folder

    def publish(self, partial: Path, name: str) -> None:
        """Put a finished build in force and remove generations but the last `KEPT`; those leased, a later build removes."""
        _sync_folder(partial)
        partial.rename(self.path / name)
        _sync_folder(self.path)
        replace_file(self.path / CURRENT, name + "\n")
        self._remove_old()

    def _remove_old(self) -> None:
        try:
            in_force = self.current_name()
        except IndexUnusable:
            # Which one is to be kept is not known.
            return
        for old in self.generations()[:-KEPT]:
            if old.name != in_force:
                remove(old)

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Be the only writer. Raises IndexLocked at once if another process is; the lock of a dead process is free."""
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        pid_file = self.path / "writer.pid"
        lock = FileLock(self.path / "writer.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            holder = pid_file.read_text().strip() if pid_file.is_file() else "unknown"
            raise IndexLocked(
                f"another process (pid {holder}) is writing the index in {self.path}",
                hint=f"wait until it has finished, or stop it (`kill {holder}`): nothing is lost, the next run goes on",
            ) from None
        try:
            pid_file.write_text(f"{os.getpid()}\n")
            yield
        finally:
            with suppress(FileNotFoundError):
                pid_file.unlink()
            lock.release()


def remove(generation: Path) -> bool:
    """Remove a finished generation unless somebody reads it; whether it was removed."""
    return remove_unleased(generation, generation.with_name(generation.name + PARTIAL))
