"""No worse than a pinned baseline: by the statistics, by topics that must pass, and by a wire that needs no statistics.

A planted fault moves the same topics each time. The wire counts them by the stage that lost them, so a fault that is small
in the means, or shows in few topics, is still seen and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistant.evaluation.catalogue import PRIMARY
from assistant.evaluation.comparing import Comparison, Verdict
from assistant.evaluation.comparing.stages import LOSSES, RIGHT, Loss, Values
from assistant.evaluation.comparing.types import MetricComparison
from assistant.evaluation.gating.types import Check, Kind, Stage
from assistant.evaluation.records import RunManifest
from assistant.evaluation.topics import Topic

CORPUS = "corpus"
"""Key of a manifest's `index` with the hash of the posts that were searched."""
ROUNDING = 1e-9
SIGNIFICANT = 0.05


def not_worse(comparison: Comparison, *, release: bool) -> Iterator[Check]:
    """A check for each primary metric. Not to be able to tell is a warning, and holds up a release."""
    for compared in comparison.metrics:
        if compared.primary:
            untold = compared.verdict is Verdict.CANNOT_TELL
            passed = None if untold and release else compared.verdict is not Verdict.WORSE
            yield Check(compared.metric, Kind.NON_REGRESSION, passed, _line(compared), warning=untold)


def refusal_pair(comparison: Comparison) -> Iterator[Check]:
    """Each side of refusing by itself (exact McNemar, p < .05 over both): a mean hides one behind the other."""
    for name in ("false_refusal", "false_answer"):
        compared = comparison.metric(name)
        if compared is not None and compared.mcnemar_p is not None:
            worse = compared.difference > 0 and compared.mcnemar_p < SIGNIFICANT / 2
            detail = f"{compared.a:.3f} -> {compared.b:.3f} of {compared.n} topics, McNemar p {compared.mcnemar_p:.3f}"
            yield Check(name, Kind.NON_REGRESSION, not worse, detail)


def explored(comparison: Comparison) -> Iterator[Check]:
    """A warning that names the metrics beside the primary ones that are worse: nobody asked for them beforehand, so they
    fail nothing, but a fault may show in them alone (a slower answer, a thing stated that is known to be false)."""
    worse = [one.metric for one in comparison.metrics if not one.primary and one.verdict is Verdict.WORSE]
    if worse:
        detail = f"worse, though not asked for beforehand: {', '.join(worse)}"
        yield Check("exploratory", Kind.NON_REGRESSION, True, detail, warning=True)


def unmeasured(baseline: Values, run: Values) -> Iterator[Check]:
    """Primary metrics and stages that one run alone was scored for: a comparison leaves them out, a gate must not."""
    for name in (*PRIMARY, RIGHT, *LOSSES.values()):
        if (name in baseline) != (name in run):
            yield Check(name, Kind.NON_REGRESSION, None, "only one of the runs has values of it: score both again")


def _line(compared: MetricComparison) -> str:
    interval = "no interval" if compared.low is None else f"95 % interval {compared.low:+.3f} to {compared.high:+.3f}"
    line = (
        f"{compared.verdict}: {compared.a:.3f} -> {compared.b:.3f} ({compared.difference:+.3f}, {interval}, "
        f"adjusted p {compared.p_adjusted:.3f}, {compared.n} topics)"
    )
    if compared.needed_topics is not None:
        line += f"; a loss of {compared.margin:g} would show with {compared.needed_topics:,} topics"
    return line


def must_pass(topics: Sequence[Topic], baseline: Values, run: Values) -> Iterator[Check]:
    """Topics that must pass and were right in the baseline have to be right in every repeat; that one was not right before
    either is a warning. Nothing if no topic must."""
    named = sorted(topic.id for topic in topics if topic.must_pass)
    if not named:
        return
    before, after = baseline.get(RIGHT, {}), run.get(RIGHT, {})
    flipped = tuple(tid for tid in named if before.get(tid) == 1 and after.get(tid, 0) < 1)
    held = sum(before.get(tid) == 1 for tid in named)
    detail = f"{len(flipped)} of {held} topics that must pass, and did, no longer do"
    never = tuple(tid for tid in named if tid not in flipped and after.get(tid, 0) < 1)
    if never:
        detail += f"; {len(never)} more must pass and did not in the baseline either"
    yield Check("must_pass", Kind.NON_REGRESSION, not flipped, detail, warning=bool(never), tids=flipped or never)


def kept_right(baseline: Values, run: Values, most: float) -> Iterator[Check]:
    """The wire over all stages: at most this share of the topics (0-1) may be right no more, less those that now are. Each
    stage may lose a little that together is much; and where as many are won, what was broken is still named."""
    before, after = baseline.get(RIGHT, {}), run.get(RIGHT, {})
    broken = {tid: before[tid] - after[tid] for tid in sorted(before.keys() & after.keys()) if after[tid] < before[tid]}
    net, lost, room = sum(before.values()) - sum(after.values()), sum(broken.values()), most * len(after) + ROUNDING
    if before and after:
        detail = f"right: {sum(before.values()):g} -> {sum(after.values()):g} of {len(after)} topics, {lost:g} of them no more"
        warning = net <= room < lost
        tids = tuple(broken) if lost > room else ()
        yield Check("right", Kind.NON_REGRESSION, net <= room, detail, warning=warning, tids=tids)


def wires(losses: Sequence[Loss], most: float) -> Iterator[Check]:
    """A check for each stage that both runs measure: it may lose at most this share of the topics (0-1) more than in the
    baseline."""
    for loss in losses:
        if loss.a is not None:
            detail = f"{loss.a:g} -> {loss.b:g} of {loss.n} topics; at most {most:.1%} more may be lost"
            yield Check(loss.metric, Kind.NON_REGRESSION, loss.b - loss.a <= most * loss.n + ROUNDING, detail)


def fresh(baseline: RunManifest, run: RunManifest, *, allowed: bool, release: bool = False) -> Check:
    """Whether both runs searched the same posts. An index that was not renewed, or holds other posts, answers otherwise. Not
    to know it is a warning, and holds up a release unless other posts are allowed."""
    before, after = baseline.index.get(CORPUS), run.index.get(CORPUS)
    if before is None or after is None:
        passed = None if release and not allowed else True
        return Check("stale_index", Kind.INVARIANT, passed, "the runs do not both record which posts they searched", True)
    if before == after:
        return Check("stale_index", Kind.INVARIANT, True, f"both searched the same posts ({after[:12]})")
    detail = f"stale index: the run searched other posts ({after[:12]}) than the baseline ({before[:12]})"
    return Check("stale_index", Kind.INVARIANT, allowed, detail + (", which was allowed" if allowed else ""), warning=allowed)


def same_depth(baseline: RunManifest, run: RunManifest) -> Check:
    """Whether both runs record as many hits: what counts as found, and so the stage that lost a topic, hangs on it."""
    detail = f"the run records {run.depth} hits a topic, the baseline {baseline.depth}"
    return Check("depth", Kind.INVARIANT, run.depth == baseline.depth, detail)


def worst_stage(losses: Sequence[Loss], newly: Mapping[str, float] | None) -> Stage | None:
    """Which stage lost most: with a baseline, of the topics that were right there (`newly`), else that grew most; without
    one, of all topics. None where none did."""
    grown = [(loss.b - (loss.a or 0.0), loss) for loss in losses]
    fell = [(newly[loss.stage], loss) for loss in losses] if newly else []
    counted = fell if max((count for count, _ in fell), default=0.0) > ROUNDING else grown
    worst = max((count for count, _ in counted), default=0.0)
    if worst <= ROUNDING:
        return None
    loss = next(loss for count, loss in counted if count >= worst - ROUNDING)
    path = f"{loss.b:g}" if loss.a is None else f"{loss.a:g} -> {loss.b:g}"
    sentence = f"most was lost by the {loss.stage}: {path} of {loss.n} topics"
    if counted is fell and loss.a is not None and abs(loss.b - loss.a - worst) > ROUNDING:
        sentence += f", {worst:g} of them right before"
    return Stage(loss.stage, loss.metric, loss.a, loss.b, loss.n, sentence)
