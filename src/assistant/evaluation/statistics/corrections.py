"""Corrections for looking at many metrics at once. Adjusted p are in the order of those given, in 0-1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p of Holm 1979: with all of them under .05, one false alarm among all is less likely than .05."""
    values = np.asarray(ps, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(p) for p in adjusted]


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Adjusted p of Benjamini & Hochberg 1995: of those under .05, a share of .05 is expected to be false."""
    # By hand as Holm's: scipy.stats has it too, and takes a second to load.
    values = np.asarray(ps, dtype=np.float64)
    order = np.argsort(values, kind="stable")[::-1]
    steps = values[order] * len(values) / np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum.accumulate(np.minimum(1.0, steps))
    return [float(p) for p in adjusted]
