"""The confidence, fitted: signs of many questions with known answers to a logistic model whose weights keep their side.

Which questions are said by a plan (TOML): groups of topics, each with the index that it is put to and what it counts in
all. Beside topics as they are, a group may hold counterfactual ones (`without_gold`: each with its threads left out of the
index) and foreign ones (put to another set's index, where nothing answers them). Figures are cross-validated: no case is
judged by a model that saw another case of its topic.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from assistant.answering.finding.confidence import Observed
from assistant.errors import EvaluationError
from assistant.evaluation.sets.counterfactual import gold_threads
from assistant.evaluation.statistics.logistic import fitted, probability
from assistant.evaluation.topics import Frozen, Topic

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

SIGNS = tuple(field.name for field in fields(Observed))
PRIOR = {
    "closeness": 3.0, "sentence": 3.0, "coverage": 0.5, "lead": 0.3, "agreement": 0.3, "missing_name": -1.5,
    "missing_names": -0.5, "missing_identifier": -1.5, "missing_version": -4.0, "unmet_kind": -4.0, "unknown": -0.5,
    "asked_itself": -1.0, "asked_outcome": -3.0, "asked_later": -2.5,
}  # fmt: skip
"""Where a weight is drawn to, and on which side of 0 it stays: some signs occur in too few topics to be learnt from them."""
FOLDS = 5
BINS = 10


class Group(Frozen):
    """Topics that count `weight` in all, whatever their number. `take` draws so many of them, `answerable` overrules."""

    name: str
    set: str
    weight: float = Field(gt=0)
    split: str | None = None
    index_of: str | None = None
    without_gold: bool = False
    answerable: bool | None = None
    take: int | None = Field(default=None, gt=0)
    skip: int = Field(default=0, ge=0)


class CalibrationPlan(Frozen):
    """The groups of one fit."""

    group: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_apart(self) -> Self:
        # A name stands for a weight and for the cases that share it: of two alike one weight would be forgotten.
        names = [group.name for group in self.group]
        if twice := next((name for number, name in enumerate(names) if name in names[:number]), None):
            raise ValueError(f"two groups are named {twice!r}")
        return self


@dataclass(frozen=True, slots=True)
class Case:
    """One question put to one index: whether it was answerable there, and what was observed."""

    group: str
    topic: str
    answerable: bool
    observed: Observed


Observe = Callable[[Topic, Sequence[str]], Observed | None]
"""The signs of a topic on an index without some threads."""


def chosen(group: Group, topics: Sequence[Topic]) -> list[Topic]:
    """The topics of a group: of its split, answerable ones only for counterfactuals, drawn with a fixed seed."""
    kept = [topic for topic in topics if group.split in (None, topic.split)]
    if group.without_gold:
        kept = [topic for topic in kept if topic.expects_answer and topic.threads]
    if group.take is not None or group.skip:
        random.Random(3).shuffle(kept)  # noqa: S311 - a draw that has to be the same each time
        kept = kept[group.skip :][: group.take]
    if not kept:
        raise EvaluationError(f"the group {group.name!r} has no topics", hint="correct its split, skip or take in the plan")
    return kept


def cases_of(group: Group, topics: Sequence[Topic], observe: Observe) -> list[Case]:
    """What was observed for each topic of a group; a topic for which there was nothing to read teaches nothing."""
    cases = []
    for topic in chosen(group, topics):
        left_out = gold_threads(topic) if group.without_gold else topic.without
        answerable = False if group.without_gold else topic.expects_answer if group.answerable is None else group.answerable
        if (observed := observe(topic, left_out)) is not None:
            cases.append(Case(group.name, topic.pair_of or topic.id, answerable, observed))
    return cases


def _arrays(cases: Sequence[Case], weights: dict[str, float]) -> tuple[Array, Array, Array]:
    import numpy as np

    sizes = {group: sum(case.group == group for case in cases) for group in weights}
    signs = np.array([astuple(case.observed) for case in cases])
    truth = np.array([case.answerable for case in cases], dtype=float)
    return signs, truth, np.array([weights[case.group] / sizes[case.group] for case in cases])


def fit(cases: Sequence[Case], weights: dict[str, float]) -> Array:
    """Bias and weights, shape (1 + signs,), see `logistic.fitted`. `weights` says what each group counts in all."""
    import numpy as np

    signs, truth, weight = _arrays(cases, weights)
    return fitted(signs, truth, weight, np.array([PRIOR[name] for name in SIGNS]))


def cross_validated(cases: Sequence[Case], weights: dict[str, float]) -> Array:
    """Probability of each case from a model that saw neither it nor another case of its topic."""
    import numpy as np

    signs, _, _ = _arrays(cases, weights)
    fold = np.array([zlib.crc32(case.topic.encode()) % FOLDS for case in cases])
    found = np.empty(len(cases))
    for number in sorted(set(fold.tolist())):
        others = [case for case, f in zip(cases, fold.tolist(), strict=True) if f != number]
        present = {case.group for case in others}
        model = fit(others, {name: weight for name, weight in weights.items() if name in present})
        found[fold == number] = probability(model, signs[fold == number])
    return found


def auc(truth: Array, found: Array) -> float | None:
    """Probability (0-1) that an answerable case is given more than an unanswerable one; None without both kinds."""
    from scipy.stats import rankdata

    positive = truth.astype(bool)
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return None
    return float((rankdata(found)[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def calibration_error(truth: Array, found: Array) -> float:
    """ECE (0-1): mean distance between confidence and share answerable over 10 bins of equal width, weighted by cases."""
    import numpy as np

    numbers = np.minimum((found * BINS).astype(int), BINS - 1)
    gaps = [abs(float(found[numbers == b].sum() - truth[numbers == b].sum())) for b in range(BINS)]
    return sum(gaps) / len(found)


def risk_at(truth: Array, found: Array, coverage: float) -> float:
    """Share (0-1) of unanswerable cases among the `coverage` most confident ones, ties averaged over their order."""
    import numpy as np

    order = np.argsort(-found, kind="stable")
    wrong = 1 - truth[order]
    for value in np.unique(found):
        wrong[found[order] == value] = wrong[found[order] == value].mean()
    kept = max(1, round(coverage * len(found)))
    return float(wrong[:kept].mean())


def figures(cases: Sequence[Case], found: Array, floor: float) -> dict[str, dict[str, float | int | None]]:
    """By group: cases, false refusals and false answers (shares, refused below `floor`), AUC, calibration error."""
    import numpy as np

    rows: dict[str, dict[str, float | int | None]] = {}
    truth = np.array([case.answerable for case in cases], dtype=float)
    for name in dict.fromkeys(case.group for case in cases):
        mine = np.array([case.group == name for case in cases])
        yes, p = truth[mine].astype(bool), found[mine]
        rows[name] = {
            "cases": int(mine.sum()),
            "false_refusals": round(float((p[yes] < floor).mean()), 3) if yes.any() else None,
            "false_answers": round(float((p[~yes] >= floor).mean()), 3) if (~yes).any() else None,
            "auc": _rounded(auc(truth[mine], p)),
            "ece": round(calibration_error(truth[mine], p), 3),
        }
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def topic_closeness(cases: Sequence[Case], foreign: Iterable[str]) -> float:
    """The closeness that best tells questions of another corpus (the `foreign` groups) from those about what is here; where
    there are not both, nothing is learnt and that of the program stays."""
    import numpy as np

    away = set(foreign)
    here_values = np.array([case.observed.closeness for case in cases if case.answerable])
    away_values = np.array([case.observed.closeness for case in cases if case.group in away])
    if not len(here_values) or not len(away_values):
        return float(
            json.loads((files("assistant.answering.finding") / "confidence.json").read_text(encoding="utf-8"))[
                "topic_closeness"
            ]
        )
    steps = np.linspace(0.2, 0.8, 61)
    return float(max(steps, key=lambda step: (here_values >= step).mean() + (away_values < step).mean()))


def model_json(cases: Sequence[Case], weights: dict[str, float], foreign: Iterable[str], floor: float) -> dict[str, Any]:
    """The file that `Confidence.of` reads: weights, and the cross-validated figures that say how far to trust them."""
    import numpy as np

    model = fit(cases, weights)
    found = cross_validated(cases, weights)
    truth = np.array([case.answerable for case in cases], dtype=float)
    return {
        "weights": {name: round(float(value), 3) for name, value in zip(SIGNS, model[1:], strict=True)},
        "bias": round(float(model[0]), 3),
        "topic_closeness": round(topic_closeness(cases, foreign), 2),
        "cases": len(cases),
        "groups": weights,
        "cross_validated": {
            "refused_below": floor,
            "ece": round(calibration_error(truth, found), 3),
            "risk_at_coverage_0.8": round(risk_at(truth, found, 0.8), 3),
            "groups": figures(cases, found, floor),
        },
    }


def plan_of(path: Path) -> CalibrationPlan:
    """The plan in a TOML file. Raises EvaluationError."""
    import tomllib

    from pydantic import ValidationError

    try:
        return CalibrationPlan.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join([str(path), *([".".join(map(str, first["loc"]))] if first["loc"] else [])])
        raise EvaluationError(f"{place}: {first['msg']}", hint="correct the plan") from error
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path}: {error}", hint="name a plan, as eval/calibration.toml is one") from error
