"""The keys that a server takes: made from `secrets`, kept hashed, compared in constant time.

The file holds names, SHA-256 sums and dates. A key has 256 random bits, so that a plain sum of it cannot be searched back.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.errors import SettingsError, UsageError
from assistant.settings import Settings

PREFIX = "fa_"
RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUM = re.compile(r"[0-9a-f]{64}")
_LIST = "`assistant key list`"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: a name, the SHA-256 of the key in hex, and when it was made (ISO 8601, UTC)."""

    name: str
    sha256: str
    created: str


def digest(key: str) -> str:
    """SHA-256 of a key, in hex. A key is what a header carried, so any text."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read(path: Path) -> tuple[Key, ...]:
    """The keys of a file, in the order in which they were made; none where there is no file. Raises SettingsError for one that
    is not whole."""
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(f"the file of keys {path} cannot be read: {error.strerror}", hint="mend its permissions") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SettingsError(
            f"the file of keys {path} is damaged",
            hint="restore it, or move it away and make new keys: `assistant key new NAME`",
        ) from error


def _parsed(document: Any) -> tuple[Key, ...]:
    keys = tuple(Key(**entry) for entry in document["keys"])
    for key in keys:
        if not (_NAME.fullmatch(key.name) and _SUM.fullmatch(key.sha256) and isinstance(key.created, str)):
            raise ValueError("a key without a name, a sum or a date")
    return keys


def make(path: Path, name: str) -> tuple[str, Key]:
    """A new key, which is nowhere else, and what the file keeps of it. Raises UsageError for a name that is taken or none."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:100]!r} is no name for a key", hint="use 1 to 64 letters, digits, dots, dashes, underscores: ci, phone-2"
        )
    with _locked(path):
        keys = read(path)
        if any(key.name == name for key in keys):
            raise UsageError(
                f"there is a key {name!r} already", hint=f"remove it first, `assistant key remove {name}`, or use another name"
            )
        secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        made = Key(name, digest(secret), datetime.now(UTC).isoformat(timespec="seconds"))
        _write(path, (*keys, made))
    return secret, made


def remove(path: Path, name: str) -> Key:
    """Takes the key of this name out of the file. Raises UsageError where there is none."""
    with _locked(path):
        keys = read(path)
        gone = next((key for key in keys if key.name == name), None)
        if gone is None:
            raise UsageError(f"there is no key {name[:100]!r}", hint=f"see which there are: {_LIST}")
        _write(path, [key for key in keys if key is not gone])
    return gone


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(path.with_name(path.name + ".lock"), timeout=5, mode=0o600):
            yield
    except Timeout as error:
        raise UsageError(f"another command is changing {path}", hint="wait until it has ended") from error


def _write(path: Path, keys: Sequence[Key]) -> None:
    """Replaces the file in one step; nobody but its owner can read either."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    text = json.dumps({"keys": [asdict(key) for key in keys]}, indent=2) + "\n"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


class KeyRing:
    """The keys that are taken now: those of the file as it stands, and the one of the settings.

    Once keys have been needed they stay needed: a file that is removed or damaged while a server runs admits nobody.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError where the file is damaged."""
        self._path = settings.api_keys
        own = settings.api_key
        self._own = (digest(own.get_secret_value()),) if own else ()
        self._seen = self._state()
        self._digests = self._own + tuple(key.sha256 for key in read(self._path))
        self._needed = bool(self._digests)

    @property
    def needed(self) -> bool:
        """Whether a request must carry a key."""
        self._look_again()
        return self._needed

    def knows(self, key: str) -> bool:
        """Whether this is one of the keys. All are compared, so that the time says nothing about which."""
        self._look_again()
        given = digest(key)
        return sum([hmac.compare_digest(given, known) for known in self._digests]) > 0

    def _look_again(self) -> None:
        state = self._state()
        if state == self._seen:
            return
        try:
            kept = read(self._path)
        except SettingsError as error:
            from assistant.api.observing.logs import logger
            from assistant.api.problems import public

            message, hint = public(error)
            logger().error("keys", message=f"{message}; none of its keys is taken", hint=hint)
            kept, self._needed = (), True
        self._digests = self._own + tuple(key.sha256 for key in kept)
        self._needed = self._needed or bool(self._digests)
        self._seen = state  # last: a file that could not be read to its end is one that was not seen

    def _state(self) -> tuple[int, int, int] | None:
        """What differs once the file is another."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size
