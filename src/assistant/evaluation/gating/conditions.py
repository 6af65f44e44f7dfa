"""The file that says what a run has to reach, `gate.toml`: read strictly, since a mistyped name would gate nothing.

max_lost = 0.05          share of the topics that any stage, and all together, may lose more than in the baseline
max_failures = 0.01      share of the answers that may be errors or time-outs
[floors]                 metric = bound: the clustered 95 % interval has to lie on its good side
"ndcg@10" = 0.85
[rates]                  0/1 metric = bound, held against the Wilson interval, which says something at 0 and at 1 too
false_answer = 0.10
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from assistant.errors import EvaluationError
from assistant.evaluation.catalogue import BY_NAME
from assistant.evaluation.topics import Frozen

GATE_FILE = "gate.toml"


class Conditions(Frozen):
    """What a run has to reach. Bounds are in the unit of their metric: least values, or greatest where less is better."""

    max_lost: float = Field(default=0.05, ge=0, le=1)
    max_failures: float = Field(default=0.01, ge=0, le=1)
    floors: dict[str, float] = Field(default_factory=dict)
    rates: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _name_what_is_judged(self) -> Self:
        for name in (*self.floors, *self.rates):
            if name not in BY_NAME:
                near = difflib.get_close_matches(name, BY_NAME, n=1)
                raise ValueError(f"there is no metric {name!r}" + (f", did you mean {near[0]!r}?" if near else ""))
            if BY_NAME[name].better == 0:
                raise ValueError(f"neither more nor less of {name!r} is better, so it has no bound")
        for name in self.rates:
            if not BY_NAME[name].binary:
                raise ValueError(f"{name!r} is not a 0/1 metric: put it under [floors]")
        return self


def read_conditions(path: Path) -> Conditions:
    """The conditions of a file. Raises EvaluationError that names the file and what is wrong in it."""
    try:
        with path.open("rb") as stream:
            return Conditions.model_validate(tomllib.load(stream))
    except FileNotFoundError as error:
        raise EvaluationError(f"there is no {path}", hint="name a gate file with --gates") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: {error}", hint="correct the file; it is TOML") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise EvaluationError(f"{path}: {field + ': ' if field else ''}{first['msg']}", hint="correct the gate file") from error


def conditions_beside(baseline: Path) -> Conditions:
    """Those of the `gate.toml` in the baseline's folder, else in the folder that it lies in, else none but the defaults."""
    for folder in (baseline, baseline.absolute().parent):
        if (folder / GATE_FILE).is_file():
            return read_conditions(folder / GATE_FILE)
    return Conditions()
