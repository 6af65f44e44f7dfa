"""A run's folder to its scores: every metric of the catalogue for every answer, and the summary.

Nothing but the files of the run is looked at: no index, no model, no clock, no network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assistant.evaluation.catalogue import METRICS
from assistant.evaluation.measures import citations, cost, evidence, grounding, losses, nuggets, outcome, refusal, retrieval
from assistant.evaluation.measures.case import Case, Facts, Measures
from assistant.evaluation.measures.grounding import Sorted, sort_atoms
from assistant.evaluation.measures.library import Library
from assistant.evaluation.runs import SCORES, SUMMARY, RunFolder, json_text, no_collection, write_text
from assistant.evaluation.scores import Measured, Score
from assistant.evaluation.scoring.answers_of import pairs_of, topics_of
from assistant.evaluation.scoring.summary import Scored, summarise
from assistant.evaluation.scoring.trec import trec_files


@dataclass(frozen=True)
class Scoring:
    """What scoring a run yields: a line a score, the summary, and files for other scorers by name."""

    scores_text: str
    summary: Mapping[str, Any]
    trec: Mapping[str, str]

    @property
    def summary_text(self) -> str:
        """The summary as it is written."""
        return json_text(self.summary)

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """The scores as values."""
        return tuple(Score(**json.loads(line)) for line in self.scores_text.splitlines())


def score_run(folder: RunFolder, *, partial: bool = False) -> Scoring:
    """Score the files of a run. Equal files give equal texts, in whatever order answers were written.

    Raises EvaluationError for a run that cannot be read, and for one that is not finished unless `partial`, in which case
    only what was answered is scored and the summary says so.
    """
    with no_collection():
        return _score(folder, partial)


def _score(folder: RunFolder, partial: bool) -> Scoring:
    pairs, wanted = pairs_of(folder, partial)
    manifest = folder.manifest
    library = Library(folder.posts, manifest.ids)
    facts = Facts.of(topics_of(pairs), [record for _, record in pairs], manifest.task == "search")
    cases = [Case(topic, record, library, facts) for topic, record in pairs]
    found = retrieval.measure_all(cases)
    scored = [_scored(case, measures) for case, measures in zip(cases, found, strict=True)]
    summary = summarise(manifest, scored, library, wanted)
    return Scoring(_lines(scored), summary, trec_files(cases, manifest.run_id))


def write_scores(folder: RunFolder, *, partial: bool = False) -> Scoring:
    """Score a run and write `scores.jsonl`, `summary.json`, the rankings and the judgements beside its answers."""
    scoring = score_run(folder, partial=partial)
    for name, text in sorted(scoring.trec.items()):
        write_text(folder.path / name, text)
    write_text(folder.path / SUMMARY, scoring.summary_text)
    write_text(folder.path / SCORES, scoring.scores_text)
    return scoring


def _scored(case: Case, found: Measures) -> Scored:
    """All measures of one answer. Those that judge other measures come last."""
    atoms = Sorted() if case.facts.search_only else sort_atoms(case)
    measures: Measures = {
        **found,
        **evidence.measure(case),
        **nuggets.measure(case),
        **citations.measure(case),
        **grounding.measure(case, atoms),
        **losses.nugget_split(case),
        **refusal.measure(case),
        **cost.measure(case),
    }
    measures |= losses.stages(case, measures)
    measures |= outcome.measure(case, measures, atoms)
    return Scored(case, measures, atoms)


def _lines(scored: Sequence[Scored]) -> str:
    """The scores as JSON lines. Most values occur many times, so that the text of each is made once."""
    heads = [f',"metric":{json.dumps(metric.name)},' for metric in METRICS]
    names = [metric.name for metric in METRICS]
    tails: dict[Measured, str] = {}
    lines = []
    for case, measures, _ in scored:
        first = f'{{"tid":{json.dumps(case.topic.id)},"rep":{case.record.rep}'
        for head, name in zip(heads, names, strict=True):
            measured = measures[name]
            tail = tails.get(measured)
            if tail is None:
                tail = tails[measured] = _tail(measured)
            lines.append(first + head + tail)
    return "".join(lines)


def _tail(measured: Measured) -> str:
    value, reason, num, den = measured
    shown = {"value": value, "reason": reason.value if reason else None, "num": num, "den": den}
    return json.dumps(shown, separators=(",", ":"), allow_nan=False)[1:] + "\n"
