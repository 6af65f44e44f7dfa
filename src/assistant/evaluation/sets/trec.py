"""TREC files: topics as `id<TAB>question`, qrels as `topic 0 document grade`, runs as `topic Q0 document rank score tag`.

The form is that of trec_eval (https://github.com/usnistgov/trec_eval): columns parted by white space, so an id must not
hold any; a question loses its line breaks and tabs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.records import Retrieved
from assistant.evaluation.runs import RunFolder, write_text
from assistant.evaluation.sets.beir import Qrels, known_item, lost_in_qrels
from assistant.evaluation.sets.imported import Imported
from assistant.evaluation.sets.reading import SetFile
from assistant.evaluation.sets.rows import numbered, whole_number
from assistant.evaluation.topics import TopicSet

TOPICS, QRELS, RUN = "topics.tsv", "qrels.txt", "run.trec"
Ranking = tuple[tuple[str, float], ...]


def import_trec(folder: Path) -> Imported:
    """The set of a folder with `topics.tsv` and `qrels.txt`. Raises EvaluationError."""
    grades = trec_qrels(folder / QRELS)
    topics = []
    unjudged = 0
    for place, line in numbered(folder / TOPICS):
        tid, tab, question = line.partition("\t")
        if not tab or not question.strip():
            raise EvaluationError(f"{place}: no question after the topic's id and a tab", hint="correct this line")
        if tid in grades:
            topics.append(known_item(tid, question, grades[tid], place))
        unjudged += tid not in grades
    notes = [f"{unjudged} topics have no judgement and are left out"] if unjudged else []
    return Imported(SetFile(name=folder.resolve().name, ids="source", task="search"), tuple(topics), notes=notes)


def trec_qrels(path: Path) -> Qrels:
    """Grade of each document of each topic. Raises EvaluationError."""
    grades: Qrels = {}
    for place, line in numbered(path):
        cells = line.split()
        if len(cells) != 4:
            raise EvaluationError(f"{place}: {len(cells)} columns where 4 are expected", hint="correct this line")
        grades.setdefault(cells[0], {})[cells[2]] = whole_number(cells[3], place)
    return grades


def trec_run(path: Path) -> dict[str, Ranking]:
    """Documents and scores of each topic, best first: by score, as trec_eval reads it, whatever the ranks say."""
    scores: dict[str, dict[str, float]] = {}
    for place, line in numbered(path):
        cells = line.split()
        try:
            scores.setdefault(cells[0], {})[cells[2]] = float(cells[4])
        except (IndexError, ValueError) as error:
            raise EvaluationError(f"{place}: not a line of a TREC run", hint="correct this line") from error
    return {tid: tuple(sorted(found.items(), key=lambda one: -one[1])) for tid, found in scores.items()}


def run_lines(tid: str, retrieved: Iterable[str], tag: str) -> str:
    """A ranking as lines of a run. The score is 1/rank: strictly falling, so that no scorer breaks ties by name."""
    documents = enumerate(dict.fromkeys(retrieved), start=1)
    return "".join(f"{_word(tid)} Q0 {_word(name)} {rank} {1 / rank:.9g} {_word(tag)}\n" for rank, name in documents)


def export_trec(topics: TopicSet, out: Path, run: RunFolder | None) -> list[str]:
    """Write topics, qrels over posts and, of a run, its first repeat; notes on what is not kept."""
    out.mkdir(parents=True, exist_ok=True)
    rows = (f"{_word(topic.id)}\t{' '.join((topic.standalone or topic.question).split())}\n" for topic in topics.topics)
    write_text(out / TOPICS, "".join(rows))
    judged = ((topic.id, post, grade) for topic in topics.topics for post, grade in topic.posts.items())
    write_text(out / QRELS, "".join(f"{_word(tid)} 0 {_word(post)} {grade}\n" for tid, post, grade in judged))
    if run is not None:
        lines = (
            run_lines(answer.tid, names_of(answer.retrieved, topics.ids), run.manifest.run_id)
            for answer in run.answers
            if not answer.rep
        )
        write_text(out / RUN, "".join(lines))
    return lost_in_qrels(topics)


def names_of(found: Iterable[Retrieved], ids: str) -> list[str]:
    """The posts of a ranking under the ids that the set uses; one without a source id keeps that of the system."""
    return [(hit.source or hit.post) if ids == "source" else hit.post for hit in found]


def _word(name: str) -> str:
    if not name or len(name.split()) != 1 or name != name.strip():
        raise EvaluationError(f"TREC files cannot hold the id {name!r}", hint="an id must not be empty or hold white space")
    return name
