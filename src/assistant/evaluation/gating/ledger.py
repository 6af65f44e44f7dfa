"""The baseline that runs are held against: replaced on purpose only, and the ledger says by whom and why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.runs import ANSWERS, MANIFEST, POSTS, SCORES, SUMMARY, TOPICS, LineWriter, RunFolder
from assistant.evaluation.topics import Frozen

LEDGER = "ledger.jsonl"
# The manifest goes last: a folder without the new one is still the old baseline by name.
COPIED = (TOPICS, ANSWERS, POSTS, SCORES, SUMMARY, MANIFEST)


class Blessing(Frozen):
    """One line of the ledger. `replaced` is the run that was the baseline before, `at` a date-time in ISO 8601."""

    run_id: str
    set_name: str
    set_sha256: str
    by: str
    at: str
    why: str
    replaced: str | None = None


def bless(run: RunFolder, baseline: Path, *, why: str, by: str, at: str) -> Blessing:
    """Make a scored run the baseline in this folder and write down why; reports are not taken over, gates stay.

    Raises UsageError without a reason or where both are one folder, EvaluationError where the run is not whole.
    """
    if not why.strip():
        raise UsageError("a baseline is not replaced without a reason", hint='say it: `--why "…"`')
    if run.path.resolve() == baseline.resolve():
        raise UsageError(f"{baseline} is the run itself", hint="name another folder for the baseline")
    manifest = run.manifest
    missing = [name for name in COPIED if not (run.path / name).is_file()]
    if missing:
        raise EvaluationError(f"{run.path} has no {', '.join(missing)}", hint=f"`assistant eval score {run.path}`")
    replaced = RunFolder(baseline).manifest.run_id if (baseline / MANIFEST).exists() else None
    baseline.mkdir(parents=True, exist_ok=True)
    _copy(run.path, baseline)
    entry = Blessing(
        run_id=manifest.run_id,
        set_name=manifest.set_name,
        set_sha256=manifest.set_sha256,
        by=by,
        at=at,
        why=why.strip(),
        replaced=replaced,
    )
    ledger = LineWriter(baseline / LEDGER)
    try:
        ledger.write([entry])
    finally:
        ledger.close()
    return entry


def _copy(run: Path, baseline: Path) -> None:
    """All files are on the disk before the first takes its place, so that a full disk leaves the old baseline whole."""
    for name in COPIED:
        partial = baseline / f".{name}.partial"
        shutil.copyfile(run / name, partial)
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())
    for name in COPIED:
        (baseline / f".{name}.partial").replace(baseline / name)
