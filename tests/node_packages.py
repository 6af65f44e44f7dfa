"""The packages of tests/node, installed once for each lock file: below the cache folder of the tests, or for this process."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).with_name("node")
FILES = ("package.json", "package-lock.json")
CACHE = os.environ.get("ASSISTANT_CACHE_DIR")
REQUIRED = os.environ.get("ASSISTANT_REQUIRE_NODE") == "1"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
# Not the test's: it has a home without the user's registry.
ENVIRONMENT = dict(os.environ)


def node_modules() -> Path:
    """The folder `node_modules` of what tests/node/package-lock.json names.

    Skips, or fails with ASSISTANT_REQUIRE_NODE=1, where there is no Node or the packages cannot be installed.
    """
    folder, reason = _installed()
    if folder is None:
        if REQUIRED:
            pytest.fail(reason)
        print(reason)
        pytest.skip(reason)
    return folder


@functools.cache
def _installed() -> tuple[Path | None, str]:
    """The folder, or why there is none."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        return None, f"no {' and no '.join(missing)} on this machine, so nothing of npm is tried"
    lock = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    within = Path(CACHE).resolve() if CACHE else Path(tempfile.mkdtemp(prefix="assistant-node-"))
    folder = within / "node" / lock
    if not folder.is_dir() and (reason := _install(folder)):
        return None, reason
    return folder / "node_modules", ""


def _install(folder: Path) -> str:
    """Why the packages could not be installed; empty where they were. Whole or not at all, whoever else installs them."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
        whole = Path(partial) / "whole"
        whole.mkdir()
        for name in FILES:
            shutil.copy(HERE / name, whole)
        done = subprocess.run(INSTALL, cwd=whole, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            return f"npm could not install what tests/node names: {done.stderr.strip()[-300:]}"
        if not folder.is_dir():
            whole.rename(folder)
    return ""
