"""Leases: who reads a folder holds a shared lock of the kernel on it, and it is removed under the exclusive one only.

The folder itself is locked: no file is made for it, so a lease is had where nothing can be written, and it ends with the
process that holds it, however that ends. Processes of one machine see each other's leases, those of several do not.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import weakref
from pathlib import Path


class Lease:
    """A hold on a folder: while it lasts, `remove_unleased` leaves the folder alone. It ends with `close`, or with the object.

    Raises FileNotFoundError for a folder that is not there, or that is being removed. A folder that cannot be locked
    (no permission to list it, a file system without locks) is read without a lease.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        try:
            self._descriptor = _opened(folder)
        except PermissionError:
            return
        self._closing = weakref.finalize(self, os.close, self._descriptor)
        if not _locked(self._descriptor, fcntl.LOCK_SH) or not self.stands():
            self.close()
            raise FileNotFoundError(f"{folder} is being removed")

    def stands(self) -> bool:
        """Whether the folder at this path still is the one that was leased; unknown counts as yes."""
        if self._descriptor is None:
            return True
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._folder.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Give the lease back."""
        if self._descriptor is not None:
            self._descriptor = None
            self._closing()


def remove_unleased(folder: Path, aside: Path) -> bool:
    """Remove a folder unless somebody holds a lease on it; whether it was removed.

    It is renamed to `aside` before: nobody finds it half removed, and after a crash it is seen what was being done.
    """
    descriptor = _opened(folder)
    try:
        if not _locked(descriptor, fcntl.LOCK_EX):
            return False
        folder.rename(aside)
        shutil.rmtree(aside)
    finally:
        os.close(descriptor)
    return True


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _locked(descriptor: int, kind: int) -> bool:
    """Whether the lock was free, or there can be none: then nobody holds a lease, and nobody is kept from anything."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
