"""Paths the user names -> files to read, in an order that depends on names only.

Nothing is opened here: what a file holds is decided by its content, later. Entries whose name starts with a dot are not
read (one `Skipped` each, a hidden folder is not entered), except that the marks of version control and file managers
are passed over without a word; a hidden path that was itself named is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from assistant.errors import SourceError
from assistant.types import Skipped

_VERSION_CONTROL = (".git", ".hg", ".svn", ".gitignore", ".gitattributes", ".gitkeep")
_FILE_MANAGERS = (".DS_Store", ".localized", ".directory", ".Trashes")
_QUIET = frozenset((*_VERSION_CONTROL, *_FILE_MANAGERS))


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A regular file: where it is, and the name the user would know it by (posix separators, valid text)."""

    location: Path
    name: str


@dataclass(frozen=True, slots=True)
class _Root:
    """A folder that was named: links must not lead out of `real`."""

    name: str
    real: str


PathLike = str | os.PathLike[str]


def discover(paths: PathLike | Iterable[PathLike]) -> Iterator[FileToRead | Skipped]:
    """Every file under these files and folders, lazily, each once, folder by folder in order of name.

    Raises SourceError at the call, before anything is read, when a named path does not exist or must not be read.
    A link that was named is followed; one inside a folder is not: its target is read in its own place, or lies outside.
    """
    if isinstance(paths, str | os.PathLike):
        paths = (paths,)
    named = [os.fspath(path) for path in paths]
    for path in named:
        _check_named(path)
    return _walk_all(named)


def _check_named(path: str) -> None:
    look = f"`ls -ld {quote(_shown(path))}`" if path else "`ls`"
    hint = f"check the spelling and the rights with {look}; `assistant sources` lists the paths an index knows"
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise SourceError(f"{path!r} does not exist", hint=hint) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise SourceError(f"{path!r} cannot be read: {_why(error)}", hint=hint) from error
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        raise SourceError(f"{path!r} cannot be read: permission denied", hint=hint)


def _walk_all(named: list[str]) -> Iterator[FileToRead | Skipped]:
    seen: set[str] = set()
    for path in named:
        for item in _walk(path):
            if isinstance(item, FileToRead):
                real = os.path.realpath(item.location)
                if real in seen:
                    continue
                seen.add(real)
            yield item


def _walk(path: str) -> Iterator[FileToRead | Skipped]:
    try:
        status = os.stat(path)
        real = os.path.realpath(path, strict=True)
    except OSError as error:  # gone since it was checked
        yield Skipped(_shown(path), 0, f"cannot be read: {_why(error)}")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _file_or_reason(path, status)
        return
    root = _Root(_shown(path), real)
    stack = [_listing(path)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Skipped):
            yield entry
        else:
            item = _look_at(entry, root)
            if isinstance(item, str):
                stack.append(_listing(item))
            elif item is not None:
                yield item


def _listing(folder: str) -> Iterator[str | Skipped]:
    try:
        yield from [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except OSError as error:
        yield Skipped(_shown(folder), 0, f"the folder cannot be read: {_why(error)}")


def _look_at(path: str, root: _Root) -> FileToRead | Skipped | str | None:
    """A file or the reason against it; a folder to enter as its path; None for what is passed over without a word."""
    name = os.path.basename(path)
    if name.startswith("."):
        quiet = name in _QUIET or name.startswith("._")
        return None if quiet else Skipped(_shown(path), 0, "hidden: name it to have it read")
    try:
        status = os.lstat(path)
    except OSError as error:
        return Skipped(_shown(path), 0, f"cannot be read: {_why(error)}")
    if stat.S_ISLNK(status.st_mode):
        return Skipped(_shown(path), 0, _about_link(path, root))
    if stat.S_ISDIR(status.st_mode):
        return path
    return _file_or_reason(path, status)


def _file_or_reason(path: str, status: os.stat_result) -> FileToRead | Skipped:
    name = _shown(path)
    if not stat.S_ISREG(status.st_mode):
        return Skipped(name, 0, f"{_special(status.st_mode)}, not a file")
    if status.st_size == 0:
        return Skipped(name, 0, "the file is empty")
    if not os.access(path, os.R_OK):
        return Skipped(name, 0, "cannot be read: permission denied")
    return FileToRead(Path(path), name)


def _about_link(path: str, root: _Root) -> str:
    try:
        target = os.path.realpath(path, strict=True)
    except FileNotFoundError:
        return "a link whose target does not exist"
    except OSError as error:
        return f"a link that cannot be followed: {_why(error)}"
    if os.path.commonpath((root.real, target)) != root.real:
        return f"a link that leads out of {root.name}"
    inside = os.path.relpath(target, root.real)
    return f"a link to {_shown(os.path.join(root.name, inside))}, which is read in its own place"


def _special(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _shown(path: str) -> str:
    """The path as text that can be printed and stored; bytes that are no UTF-8 show as `\\xNN`."""
    return Path(path).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
