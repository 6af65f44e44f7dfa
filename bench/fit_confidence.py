"""Fit the confidence model and write `src/assistant/answering/confidence.json`.

    python bench/fit_confidence.py --shared ../shared [--write]

Development topics only: the two dev sets of eval/real, the hand-written topics and CLAP NQ of the shared data, questions
of one corpus put to another (nothing can answer them), and each answerable topic with its own thread left out of the
hits (so the nearest other thread must be refused). Signs keep their direction, and the weights are drawn to a prior that
says which signs decide alone: some occur in too few topics to be learnt from these. Prints cross-validated figures, the
folds split by topic; the test sets are never read here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from assistant.answering.asked import Asked
from assistant.answering.confidence import Observed
from assistant.indexing.build import build
from assistant.indexing.embedders import embedder_from
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "src/assistant/answering/confidence.json"
SIGNS = [field.name for field in fields(Observed)]
PRIOR = {
    "closeness": 3.0, "sentence": 3.0, "coverage": 0.5, "lead": 0.3, "agreement": 0.3, "missing_name": -1.5,
    "missing_names": -0.5, "missing_identifier": -1.5, "missing_version": -4.0, "unmet_kind": -4.0, "unknown": -0.5,
    "asked_itself": -1.0, "asked_outcome": -3.0, "asked_later": -2.5,
}  # fmt: skip
STRENGTH = 1.0
FOLDS = 5
# How much each group counts in all, whatever its size: what developers ask of a forum counts most.
WEIGHT = {"natural": 80, "hard": 60, "topics": 30, "foreign": 15, "foreign_clapnq": 15, "clapnq": 20,
          "without_natural": 15, "without_hard": 5}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One question put to one index: was it answerable there, and what was observed."""

    group: str
    topic: str
    answerable: bool
    observed: Observed


@dataclass(frozen=True)
class Asking:
    """A question to put; hits of `without` are left out."""

    topic: str
    question: str
    answerable: bool
    without: frozenset[str] = frozenset()


def observe(index: Path, group: str, askings: Sequence[Asking]) -> list[Case]:
    assistant = Assistant(Settings(index=index))
    generation = assistant.generation
    answerer = assistant.answerer
    retriever = Retriever(generation, assistant.embedder)
    cases = []
    for asking in askings:
        question, asked = Question(asking.question), Asked(asking.question)
        hits = [hit for hit in retriever.search(question, 6) if hit.post.thread_id not in asking.without][:5]
        threads = answerer.read(question, asked, hits)
        if threads:
            best = threads[0]
            seen = Observed.of(question, asked, best.hit, best.posts, hits, generation.lexical)
            cases.append(Case(group, asking.topic, asking.answerable, seen))
    assistant.close()
    print(f"{group}: {len(cases)}", flush=True)
    return cases


def of_set(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def askings_of(topics: Sequence[dict[str, Any]]) -> list[Asking]:
    return [Asking(t["id"], t["turns"][-1]["content"], t["answerable"]) for t in topics]


def without_gold(topics: Sequence[dict[str, Any]]) -> list[Asking]:
    return [Asking(t["id"], t["turns"][-1]["content"], False, frozenset(t["threads"])) for t in topics if t["answerable"]]


def gather(shared: Path) -> list[Case]:
    natural, hard = (of_set(REPOSITORY / f"eval/real/{name}.jsonl") for name in ("dev", "dev_hard"))
    listed = [Asking(t["id"], t["question"], t["answerable"]) for t in of_set(shared / "data/real_topics.jsonl")]
    with gzip.open(shared / "data/clapnq/answers.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = [json.loads(line) for line in lines]
    random.Random(3).shuffle(answers)
    clapnq = [Asking(a["query_id"], a["question"], a["answerable"]) for a in answers]
    foreign = [Asking(a.topic, a.question, False) for a in clapnq[:60]]
    with tempfile.TemporaryDirectory() as temporary:
        pages, passages = Path(temporary) / "pages", Path(temporary) / "passages"
        embedder = embedder_from(Settings())
        build(IndexFolder(pages), embedder, [str(shared / "posts")])
        build(IndexFolder(passages), embedder, [str(shared / "data/clapnq/corpus.jsonl.gz")])
        return [
            *observe(pages, "natural", askings_of(natural)),
            *observe(pages, "hard", askings_of(hard)),
            *observe(pages, "topics", listed),
            *observe(pages, "foreign", foreign),
            *observe(passages, "foreign_clapnq", [Asking(a.topic, a.question, False) for a in askings_of(natural)[:50]]),
            *observe(passages, "clapnq", clapnq[60:210]),
            *observe(pages, "without_natural", without_gold(natural)),
            *observe(pages, "without_hard", without_gold(hard)),
        ]


def fit(cases: Sequence[Case]) -> np.ndarray[Any, Any]:
    """Bias and weights: the posterior mode of a logistic model, each weight on its side of 0."""
    signs = np.array([astuple(case.observed) for case in cases])
    truth = np.array([case.answerable for case in cases], dtype=float)
    sizes = {group: sum(case.group == group for case in cases) for group in WEIGHT}
    weight = np.array([WEIGHT[case.group] / sizes[case.group] for case in cases])
    prior = np.array([PRIOR[name] for name in SIGNS])

    def loss(model: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        p = probability(model, signs)
        likelihood = truth * np.log(p + 1e-9) + (1 - truth) * np.log(1 - p + 1e-9)
        pull = model[1:] - prior
        error = weight * (p - truth)
        gradient = np.concatenate([[error.sum()], signs.T @ error + STRENGTH * pull])
        return float(STRENGTH * (pull**2).sum() / 2 - (weight * likelihood).sum()), gradient

    bounds = [(None, None)] + [(0, None) if value > 0 else (None, 0) for value in prior]
    start = np.concatenate([[0.0], prior])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def probability(model: np.ndarray[Any, Any], signs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(1 / (1 + np.exp(-(model[0] + signs @ model[1:]))))


def cross_validated(cases: Sequence[Case]) -> np.ndarray[Any, Any]:
    """Probability of each case from a model that saw neither it nor another case of its topic."""
    signs = np.array([astuple(case.observed) for case in cases])
    fold = np.array([zlib.crc32(case.topic.encode()) % FOLDS for case in cases])
    found = np.empty(len(cases))
    for number in range(FOLDS):
        model = fit([case for case, f in zip(cases, fold, strict=True) if f != number])
        found[fold == number] = probability(model, signs[fold == number])
    return found


def auc(truth: np.ndarray[Any, Any], found: np.ndarray[Any, Any]) -> float:
    yes, no = found[truth], found[~truth]
    return float(np.mean((yes[:, None] > no) + 0.5 * (yes[:, None] == no)))


def show(cases: Sequence[Case], found: np.ndarray[Any, Any], floor: float) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for group in WEIGHT:
        mine = np.array([case.group == group for case in cases])
        truth = np.array([case.answerable for case in cases])[mine]
        p = found[mine]
        row: dict[str, float] = {"topics": int(mine.sum())}
        if truth.any():
            row["false_refusals"] = round(float((p[truth] < floor).mean()), 3)
        if not truth.all():
            row["false_answers"] = round(float((p[~truth] >= floor).mean()), 3)
        if truth.any() and not truth.all():
            row["auc"] = round(auc(truth, p), 3)
        figures[group] = row
        print(f"  {group:<16} {row}")
    return figures


def topic_closeness(cases: Sequence[Case]) -> float:
    """The closeness that best tells questions of another corpus from questions about a thread that is here."""
    here = np.array([case.observed.closeness for case in cases if case.group in ("natural", "hard", "topics")])
    away = np.array([case.observed.closeness for case in cases if case.group.startswith("foreign")])
    steps = np.linspace(0.2, 0.8, 61)
    return float(max(steps, key=lambda step: (here >= step).mean() + (away < step).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    cases = gather(options.shared)
    print("cross-validated, refused below .5:")
    figures = show(cases, cross_validated(cases), 0.5)
    model = fit(cases)
    weights = {name: round(float(value), 3) for name, value in zip(SIGNS, model[1:], strict=True)}
    document = {
        "weights": weights, "bias": round(float(model[0]), 3), "topic_closeness": round(topic_closeness(cases), 2),
        "fitted_on": "bench/fit_confidence.py", "cross_validated": figures,
    }  # fmt: skip
    print(json.dumps(document, indent=1))
    if options.write:
        TARGET.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
