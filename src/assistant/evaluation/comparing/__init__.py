"""Two runs of one set, topic by topic: A is the baseline, B the candidate, a difference is B - A.

Unit is the topic, after its repeats were averaged; topics of one cluster count as dependent. What a verdict rests on was
fixed before any run was looked at: primary metrics share one Holm correction, all others explore (Benjamini-Hochberg).

`Comparison.to_json()` is what `compare --json` prints and what reports are made of. Ratios are 0-1, None is `null`::

    {"a": {"run_id", "path", "system", "version", "started", "offline"}, "b": {...},
     "set": {"name", "sha256"}, "test": "randomisation" | "wilcoxon",
     "topics": 30, "clusters": 20,
     "identical": false,                                            every value of every topic is the same
     "differs": [{"field": "settings.refuse_below", "a": "0.3" | null, "b": "0.4" | null}],   sorted by field
     "metrics": [{"metric", "title", "family", "unit", "better": 1 | -1 | 0, "primary", "exploratory", "margin",
                  "a", "b", "difference", "low", "high",            means; low and high null with a single cluster
                  "p", "p_adjusted", "verdict", "n", "clusters",
                  "wins", "ties", "losses",                         topics where B is better (better 0: higher), equal, worse
                  "unpaired",                                       topics where one run alone has a value; by design 0
                  "sd", "detectable",                               of the paired differences
                  "needed_topics", "needed_for_difference",         only if CANNOT TELL
                  "mcnemar_p", "newcombe_low", "newcombe_high"}],   0/1 metrics only, else null
     "slices": [{"by": "type" | "lex_overlap", "slice": "version", ...all fields of a metric...}],   exploratory
     "regressions": [CASE, ...], "improvements": [CASE, ...],       worst, best first; at most 10 each
     "transitions": [{"from": "right", "to": "retriever", "topics": 3, "tids": ["T1", ...]}]}       A to B, also where equal

    CASE = {"tid", "type", "question", "change",                    mean signed change of the primary metrics, + is better
            "metrics": [{"metric", "a", "b"}],                      primary metrics that have a value; refusal_right stands
                                                                    for balanced_refusal, here and in slices
            "stage_a", "stage_b", "text_a", "text_b", "decision_a", "decision_b"}

Verdicts: BETTER, WORSE (adjusted p < .05), NO WORSE (the interval's bad side is within the margin), CANNOT TELL,
NOT JUDGED (a metric of which neither more nor less is better). Stages: right, failure, retriever, refusal, generator,
citation, unknown. Metrics stand in the order of the catalogue.
"""

from __future__ import annotations

from assistant.errors import UsageError
from assistant.evaluation.catalogue import BY_NAME, METRICS
from assistant.evaluation.comparing.cases import OF_A_TOPIC, changed, parts, transitions
from assistant.evaluation.comparing.pairing import check_comparable, differences_between, pairs
from assistant.evaluation.comparing.stages import RIGHT, Values, topic_values
from assistant.evaluation.comparing.types import Comparison, SetName, Slice, Verdict, side_of
from assistant.evaluation.comparing.verdicts import Test, compare_metrics
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.topics import Topic

__all__ = ["TESTS", "Comparison", "Test", "Verdict", "chosen_test", "compare"]

TESTS: tuple[Test, ...] = ("randomisation", "wilcoxon")
SLICED = (*OF_A_TOPIC, BY_NAME[RIGHT])
"""What slices show: more would be noise with a correction on top."""


def chosen_test(name: str) -> Test:
    """The test of this name. Raises UsageError where there is none."""
    for test in TESTS:
        if test == name:
            return test
    raise UsageError(f"there is no test {name!r}", hint=f"choose one of {', '.join(TESTS)}")


def compare(a: RunFolder, b: RunFolder, *, test: Test = "randomisation") -> Comparison:
    """Run `b`, the candidate, against run `a`, the baseline. Margins are those of the baseline's set, else the catalogue's.

    Raises EvaluationError where the runs did not answer the same topics of the same set, or are not scored.
    """
    check_comparable(a, b)
    topics, margins = sorted(a.topics, key=lambda topic: topic.id), a.manifest.margins
    values_a, values_b = topic_values(a), topic_values(b)
    paired = pairs(METRICS, topics, values_a, values_b)
    regressions, improvements = changed(a, b, values_a, values_b)
    return Comparison(
        a=side_of(a),
        b=side_of(b),
        set=SetName(a.manifest.set_name, a.manifest.set_sha256),
        test=test,
        topics=len(topics),
        clusters=len({topic.cluster_id for topic in topics}),
        identical=all(not one.unpaired and not one.differences.any() for one in paired),
        differs=differences_between(a.manifest, b.manifest),
        metrics=compare_metrics(paired, margins, test, explore=False),
        slices=_slices(topics, values_a, values_b, margins, test),
        regressions=regressions,
        improvements=improvements,
        transitions=transitions(topics, values_a, values_b),
    )


def _slices(topics: list[Topic], a: Values, b: Values, margins: dict[str, float], test: Test) -> tuple[Slice, ...]:
    """Every part of the set, corrected together: one look at all slices is one family."""
    named = [(by, name, one) for by, name, part in parts(topics) for one in pairs(SLICED, part, a, b)]
    compared = compare_metrics([one for _, _, one in named], margins, test, explore=True)
    return tuple(Slice(by, name, one) for (by, name, _), one in zip(named, compared, strict=True))
