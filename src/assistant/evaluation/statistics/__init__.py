"""Statistics of paired topics: tests, intervals, corrections and power. Pure functions of numbers, nothing of runs.

A value belongs to a topic, a topic to a cluster (its source thread): topics of one cluster are not independent, so signs
are flipped and variances summed by cluster. Each function names its source; scipy does what scipy has.
"""

from assistant.evaluation.statistics.agreement import cohens_kappa
from assistant.evaluation.statistics.corrections import benjamini_hochberg, holm
from assistant.evaluation.statistics.intervals import (
    Interval,
    cluster_sums,
    clustered_interval,
    newcombe_interval,
    upper_bound,
    wilson_interval,
)
from assistant.evaluation.statistics.planning import Plan, plan
from assistant.evaluation.statistics.power import (
    best_of_allowance,
    detectable,
    effective_topics,
    intraclass_correlation,
    mcnemar_detectable,
    needed,
)
from assistant.evaluation.statistics.testing import mcnemar_p, randomisation_p, randomisation_ps, wilcoxon_p

__all__ = [
    "Interval",
    "Plan",
    "benjamini_hochberg",
    "best_of_allowance",
    "cluster_sums",
    "clustered_interval",
    "cohens_kappa",
    "detectable",
    "effective_topics",
    "holm",
    "intraclass_correlation",
    "mcnemar_detectable",
    "mcnemar_p",
    "needed",
    "newcombe_interval",
    "plan",
    "randomisation_p",
    "randomisation_ps",
    "upper_bound",
    "wilcoxon_p",
    "wilson_interval",
]
