"""What a gate says: frozen values with one JSON form, described in the package."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from assistant.evaluation.comparing.stages import Loss
from assistant.evaluation.comparing.types import RunSide, SetName

PASSED, FAILED, CANNOT_TELL, INVALID = 0, 1, 2, 3
"""Exit codes of the gate."""


class Kind(StrEnum):
    """What a check rests on: every single answer, a mean with its interval, or a baseline."""

    INVARIANT = "invariant"
    FLOOR = "floor"
    NON_REGRESSION = "non_regression"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition. `passed` is None where the run cannot tell; `warning` marks one that passed and should be looked at;
    `tids` are the topics that break it."""

    name: str
    kind: Kind
    passed: bool | None
    detail: str
    warning: bool = False
    tids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of the pipeline that lost most topics more than in the baseline, or most of all without one."""

    stage: str
    metric: str
    a: float | None
    b: float
    n: int
    sentence: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """All checks of a run."""

    run: RunSide
    baseline: RunSide | None
    set: SetName
    release: bool
    checks: tuple[Check, ...]
    stage: Stage | None
    losses: tuple[Loss, ...]

    @property
    def passed(self) -> bool | None:
        """False where any check failed, else None where any cannot tell."""
        results = {check.passed for check in self.checks}
        return False if False in results else None if None in results else True

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 cannot tell."""
        return FAILED if self.passed is False else CANNOT_TELL if self.passed is None else PASSED

    def to_json(self) -> dict[str, Any]:
        """The form that `gate --json` prints."""
        document = asdict(self)
        document["losses"] = [loss._asdict() for loss in self.losses]
        return document | {"passed": self.passed, "exit_code": self.exit_code}
