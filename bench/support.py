"""How well the check of sentences tells what posts say from what they do not, and the fit of its weights.

    python bench/support.py              fits on CLAP NQ's first half and eval/support/dev.jsonl, reports both cross-validated
    python bench/support.py --write      the same, and writes src/assistant/answering/support/support.json
    python bench/support.py --test       reports on eval/support/test.jsonl and CLAP NQ's second half: a look, to be counted
    python bench/support.py --speed      times the check

CLAP NQ is expected in ../shared/data/clapnq (or ASSISTANT_SHARED). Halves are by hash of the question's id.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from support_pairs import ROOT, Pair, clap_nq, hand_made, passage_of, rarity_of

from assistant.answering.support.check import Found, Support, best
from assistant.answering.support.signs import NAMES, PRIOR, Model, model
from assistant.evaluation.statistics import wilson_interval
from assistant.evaluation.statistics.logistic import fitted
from assistant.indexing.embedders import embedder_from
from assistant.settings import Settings

MODEL = ROOT / "src" / "assistant" / "answering" / "support" / "support.json"
FOLDS = 8
FLAT = 0.01
ROUNDS = 3
START = -5.0
WEIGHTS = {"hand": 200.0, "clapnq": 60.0}
"""What each source counts in all in the fit, whatever its number of pairs."""
NEGATIONS = ("negation", "antonym")


def candidates(pairs: Sequence[Pair]) -> list[list[Found]]:
    """The spans that the check weighs for each pair; none where the post says it word for word."""
    embedder = embedder_from(Settings())
    rarities = {source: rarity_of([one for one in pairs if one.source == source]) for source in {one.source for one in pairs}}
    supports: dict[tuple[str, str], Support] = {}
    found = []
    for pair in pairs:
        key, passage = (pair.source, pair.post.body), passage_of(pair.post)
        if key not in supports:
            supports[key] = Support([passage], embedder, rarities[pair.source])
        found.append(supports[key].candidates(pair.claim, passage))
    return found


def as_model(weights: np.ndarray, threshold: float = 0.5) -> Model:
    return Model(tuple(float(weight) for weight in weights[1:]), float(weights[0]), threshold)


def fit(pairs: Sequence[Pair], found: Sequence[Sequence[Found]]) -> np.ndarray:
    """Weights for which each pair's best span, by these very weights, tells best, but for pairs that a hard rule decides."""
    kept = [(pair, spans) for pair, spans in zip(pairs, found, strict=True) if spans and not spans[0].lacks]
    sizes = Counter(pair.source for pair, _ in kept)
    truth = np.array([pair.supported for pair, _ in kept], dtype=float)
    weight = np.array([WEIGHTS[pair.source] / sizes[pair.source] for pair, _ in kept])
    prior = np.array([PRIOR[name] for name in NAMES])
    weights = np.array([START, *prior])
    for _ in range(ROUNDS):
        signs = np.array([astuple(best(spans, as_model(weights)).signs) for _, spans in kept])
        weights = fitted(signs, truth, weight, prior, START)
    return weights


def cross_validated(pairs: Sequence[Pair], found: Sequence[Sequence[Found]]) -> np.ndarray:
    """Score of each pair from weights that saw no pair about the same post."""
    folds = np.array([zlib.crc32(pair.group.encode()) % FOLDS for pair in pairs])
    scores = np.zeros(len(pairs))
    for fold in range(FOLDS):
        others = folds != fold
        weights = fit(
            [p for p, o in zip(pairs, others, strict=True) if o], [f for f, o in zip(found, others, strict=True) if o]
        )
        for number in np.flatnonzero(~others):
            scores[number] = score(found[number], as_model(weights))
    return scores


def score(spans: Sequence[Found], by: Model) -> float:
    if not spans:
        return 1.0  # word for word
    one = best(spans, by)
    return 0.0 if one.lacks else by.probability(one.signs)


def line(name: str, hits: int, n: int) -> str:
    low, high = wilson_interval(hits, n) if n else (0.0, 1.0)
    return f"{name} {hits}/{n} {hits / n if n else 0:.3f} ({low:.3f} to {high:.3f})"


def report(pairs: Sequence[Pair], passed: Sequence[bool], name: str, kinds: bool = True) -> None:
    truth = [pair.supported for pair in pairs]
    hits = sum(t and p for t, p in zip(truth, passed, strict=True))
    precision, recall = hits / max(1, sum(passed)), hits / max(1, sum(truth))
    print(f"\n{name}: F1 {2 * precision * recall / max(1e-9, precision + recall):.3f}")
    print("  " + line("precision", hits, sum(passed)) + "; " + line("recall", hits, sum(truth)))
    print("  " + line("false claims passed", sum(passed) - hits, len(truth) - sum(truth)))
    for kind in sorted({(not pair.supported, pair.kind) for pair in pairs}) if kinds else ():
        mine = [p for pair, p in zip(pairs, passed, strict=True) if (not pair.supported, pair.kind) == kind]
        print(
            "    "
            + (
                line(f"{kind[1]}: refused", len(mine) - sum(mine), len(mine))
                if kind[0]
                else line(f"{kind[1]}: passed", sum(mine), len(mine))
            )
        )


def f1(truth: np.ndarray, passed: np.ndarray) -> float:
    return float(2 * (truth & passed).sum() / max(1, truth.sum() + passed.sum()))


def threshold_of(pairs: Sequence[Pair], scores: np.ndarray) -> float:
    """The highest threshold whose F1, the sources counted alike, is within `FLAT` of the best: a false claim that passes as
    checked does more harm than a true one that is marked."""
    truth = np.array([pair.supported for pair in pairs])
    sources = np.array([pair.source for pair in pairs])

    def worth(value: float) -> float:
        return sum(f1(truth[sources == one], scores[sources == one] >= value) for one in sorted(set(sources.tolist())))

    worths = {value: worth(value) for value in (round(0.02 * step, 2) for step in range(5, 46))}
    return max(value for value, reached in worths.items() if reached >= max(worths.values()) - FLAT)


@dataclass(frozen=True)
class Baseline:
    """The plain checks: least coverage, least cosine, and whether each number and identifier has to stand in the span."""

    coverage: float = 0.0
    closeness: float = -1.0
    atoms: bool = False

    def passes(self, spans: Sequence[Found]) -> bool:
        return not spans or any(
            one.signs.coverage >= self.coverage
            and one.signs.closeness >= self.closeness
            and not (self.atoms and (one.lacks or one.signs.number_elsewhere or one.signs.identifier_elsewhere))
            for one in spans
        )


def baselines(pairs: Sequence[Pair], found: Sequence[Sequence[Found]]) -> dict[str, Baseline]:
    """Each with the thresholds that are best by F1 on these pairs."""
    truth = np.array([pair.supported for pair in pairs])
    steps = [round(0.05 * step, 2) for step in range(20)]

    def tuned(several: Sequence[Baseline]) -> Baseline:
        return max(several, key=lambda one: f1(truth, np.array([one.passes(spans) for spans in found])))

    return {
        "coverage only": tuned([Baseline(coverage=step) for step in steps]),
        "cosine only": tuned([Baseline(closeness=step) for step in steps]),
        "numbers and identifiers only": Baseline(atoms=True),
        "all three": tuned([Baseline(one, other, True) for one in steps for other in steps]),
    }


def of(source: str, pairs: Sequence[Pair], found: Sequence[list[Found]]) -> tuple[list[Pair], list[list[Found]]]:
    kept = [(pair, spans) for pair, spans in zip(pairs, found, strict=True) if pair.source == source]
    return [pair for pair, _ in kept], [spans for _, spans in kept]


def negation_figures(pairs: Sequence[Pair], found: Sequence[Sequence[Found]], by: Model) -> None:
    """What the polarity check finds by itself, whatever else speaks against a pair."""
    spans = [(pair, best(several, by).signs.negation > 0) for pair, several in zip(pairs, found, strict=True) if several]
    denied = [caught for pair, caught in spans if pair.kind in NEGATIONS]
    true = [caught for pair, caught in spans if pair.supported]
    print("  polarity check alone: " + line("negations and antonyms caught", sum(denied), len(denied)))
    print("                        " + line("true claims lost", sum(true), len(true)))


def fit_and_report(write: bool) -> None:
    pairs = [*hand_made(ROOT / "eval" / "support" / "dev.jsonl"), *clap_nq(0)]
    found = candidates(pairs)
    scores, weights = cross_validated(pairs, found), fit(pairs, found)
    threshold = threshold_of(pairs, scores)
    by = as_model(weights, threshold)
    for source in WEIGHTS:
        mine = [number for number, pair in enumerate(pairs) if pair.source == source]
        report([pairs[n] for n in mine], [scores[n] >= threshold for n in mine], f"{source}, cross-validated at {threshold}")
        negation_figures([pairs[n] for n in mine], [found[n] for n in mine], by)
    print(dict(zip(NAMES, (round(float(weight), 2) for weight in weights[1:]), strict=True)))
    if write:
        data = {
            "weights": {name: round(float(weight), 3) for name, weight in zip(NAMES, weights[1:], strict=True)},
            "bias": round(float(weights[0]), 3),
            "threshold": threshold,
            "pairs": dict(Counter(pair.source for pair in pairs)),
            "made_by": "bench/support.py --write",
        }
        MODEL.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def test_and_report() -> None:
    tuned = baselines(*of("hand", *_with_candidates(hand_made(ROOT / "eval" / "support" / "dev.jsonl"))))
    pairs, found = _with_candidates([*hand_made(ROOT / "eval" / "support" / "test.jsonl"), *clap_nq(1)])
    by = model()
    for source in WEIGHTS:
        mine, spans = of(source, pairs, found)
        report(mine, [score(several, by) >= by.threshold for several in spans], f"{source}, held back, as it is")
        negation_figures(mine, spans, by)
        bare = by.without("negation")
        report(
            mine,
            [score(several, bare) >= by.threshold for several in spans],
            f"{source}, without the polarity check",
            kinds=False,
        )
        for kind in NEGATIONS:
            denied = [
                score(several, bare) < by.threshold for pair, several in zip(mine, spans, strict=True) if pair.kind == kind
            ]
            print("    " + line(f"{kind}: refused", sum(denied), len(denied)))
        for name, baseline in tuned.items():
            report(mine, [baseline.passes(several) for several in spans], f"{source}, {name} {baseline}", kinds=False)


def _with_candidates(pairs: list[Pair]) -> tuple[list[Pair], list[list[Found]]]:
    return pairs, candidates(pairs)


def speed() -> None:
    """CPU time of a check with prepared posts, and of preparing one post."""
    pairs = hand_made(ROOT / "eval" / "support" / "dev.jsonl")
    rarity, embedder, passages = (
        rarity_of(pairs),
        embedder_from(Settings()),
        {pair.group: passage_of(pair.post) for pair in pairs},
    )
    support = Support(list(passages.values()), embedder, rarity)
    started = time.process_time()
    support.prepare()
    prepared = time.process_time() - started
    took = []
    for pair in pairs:
        started = time.process_time()
        support.check(pair.claim, [passages[pair.group]])
        took.append(1000 * (time.process_time() - started))
    print(f"check: CPU ms p50 {np.percentile(took[5:], 50):.1f}, p95 {np.percentile(took[5:], 95):.1f}")
    long = np.mean([len(passage.post.body) for passage in passages.values()])
    print(f"prepare: {1000 * prepared / len(passages):.0f} ms of CPU a post of {long:.0f} characters")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the fitted weights")
    parser.add_argument("--test", action="store_true", help="report on what is held back")
    parser.add_argument("--speed", action="store_true", help="time the check")
    options = parser.parse_args()
    if options.speed:
        speed()
    elif options.test:
        test_and_report()
    else:
        fit_and_report(options.write)


if __name__ == "__main__":
    main()
