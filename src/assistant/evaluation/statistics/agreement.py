"""How far two judges agree beyond what chance gives."""

from __future__ import annotations


def cohens_kappa(both: int, only_first: int, only_second: int, neither: int) -> float | None:
    """Cohen's kappa (1960) of two judges of yes and no, from the counts of the four outcomes: 1 full agreement, 0 what
    chance gives. None where chance explains all, or of nothing."""
    n = both + only_first + only_second + neither
    if not n:
        return None
    first, second = (both + only_first) / n, (both + only_second) / n
    chance = first * second + (1 - first) * (1 - second)
    return ((both + neither) / n - chance) / (1 - chance) if chance < 1 else None
