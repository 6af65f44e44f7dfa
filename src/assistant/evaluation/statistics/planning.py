"""What a number of topics can show, as one table to plan a set or to read a comparison by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from assistant.evaluation.statistics.intervals import upper_bound
from assistant.evaluation.statistics.power import ALPHA, POWER, best_of_allowance, detectable, mcnemar_detectable, needed

TOPICS = (30, 50, 100, 150, 300)
DEVIATIONS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
DISCORDANT = (0.1, 0.2)
DIFFERENCES = (0.01, 0.02, 0.03, 0.05, 0.1)
CONFIGURATIONS = (5, 10, 20)


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest mean difference that so many topics show, for each standard deviation of the paired differences."""

    topics: int
    by_sd: dict[str, float]
    by_discordant: dict[str, float | None]
    no_failures: float
    best_of: dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many topics (`rows`) can show, and how many a difference asks for (`needed`, where a deviation is known).

    `by_discordant` is the same for a 0/1 metric, by the share of topics in which two runs differ at all; `no_failures` the
    rate of failure that is still possible (95 %) after none was seen; `best_of` by how much the best of so many equal
    configurations looks better than it is, at the deviation that was given or else the usual one.
    """

    power: float
    alpha: float
    sd: float | None
    rows: tuple[Detectable, ...]
    needed: dict[str, int | None]

    def to_json(self) -> dict[str, Any]:
        """The form that `power --json` prints."""
        return asdict(self)


def plan(topics: int | None, sd: float | None) -> Plan:
    """For this number of topics (>= 2, else a range of them) and this deviation (>= 0, else a range of them)."""
    deviations = DEVIATIONS if sd is None else (sd,)
    rows = tuple(_row(n, deviations, sd) for n in ((topics,) if topics else TOPICS))
    wanted = {} if sd is None else {f"{delta:g}": needed(sd, delta) for delta in DIFFERENCES}
    return Plan(POWER, ALPHA, sd, rows, wanted)


def _row(topics: int, deviations: tuple[float, ...], sd: float | None) -> Detectable:
    allowance = {"sd": sd} if sd is not None else {}
    return Detectable(
        topics,
        {f"{one:g}": detectable(topics, one) for one in deviations},
        {f"{share:g}": mcnemar_detectable(topics, share) for share in DISCORDANT},
        upper_bound(0, topics),
        {str(count): best_of_allowance(count, topics, **allowance) for count in CONFIGURATIONS},
    )
