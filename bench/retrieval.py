"""nDCG@10 and recall of the product's own search on a BEIR data set, beside each of its two lanes alone.

    python bench/retrieval.py ../shared/data/scifact [--qrels test] [--lanes] [--index DIR]

Builds the index of the corpus (kept in --index, so that a second run is quick) and scores with ir-measures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import R, Success, nDCG

from assistant.indexing.build import build
from assistant.indexing.embedders import embedder_from
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.settings import Settings

MEASURES = [nDCG @ 10, R @ 10, R @ 100, Success @ 1]
DEPTH = 100


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from map(json.loads, data.decode("utf-8").strip().split("\n"))


def qrels_of(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        found.setdefault(query, {})[document] = int(grade)
    return found


def score(name: str, qrels: dict[str, dict[str, int]], run: dict[str, dict[str, float]]) -> None:
    figures = ir_measures.calc_aggregate(MEASURES, qrels, run)
    print(f"{name:>8}  " + "  ".join(f"{measure} {figures[measure]:.4f}" for measure in MEASURES), flush=True)


def lanes(assistant: Assistant, queries: dict[str, str]) -> dict[str, dict[str, dict[str, float]]]:
    """Runs of the fused candidates and of each lane alone, before threads and duplicates are collapsed."""
    retriever = Retriever(assistant.generation, assistant.embedder)
    posts = assistant.generation.posts
    ids = {row["row"]: row["source_id"] for row in posts.query("SELECT row, source_id FROM posts")}
    runs: dict[str, dict[str, dict[str, float]]] = {"dense": {}, "lexical": {}, "fused": {}}
    for query, text in queries.items():
        candidates = retriever.candidates(Question(text))
        for name, rows, scores in (
            ("dense", candidates.dense.rows, candidates.dense.scores),
            ("lexical", candidates.lexical.rows, candidates.lexical.scores),
            ("fused", candidates.rows[:DEPTH], candidates.scores[:DEPTH]),
        ):
            runs[name][query] = {ids[row]: float(s) for row, s in zip(rows.tolist(), scores.tolist(), strict=True)}
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--qrels", default="test")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--lanes", action="store_true")
    options = parser.parse_args()
    index = options.index or Path(tempfile.mkdtemp())
    corpus = next(path for path in options.folder.glob("corpus.jsonl*"))
    report = build(IndexFolder(index), embedder_from(Settings()), [str(corpus)])
    share = report.embed_seconds / report.seconds
    print(f"{report.posts} posts, {report.chunks} chunks, {report.embedded} embedded in {report.seconds:.1f} s, "
          f"embedder's share {share:.3f}")  # fmt: skip
    qrels = qrels_of(options.folder / f"qrels/{options.qrels}.tsv")
    queries = {row["_id"]: row["text"] for row in json_lines(options.folder / "queries.jsonl") if row["_id"] in qrels}
    assistant = Assistant(Settings(index=index))
    if options.lanes:
        for name, run in lanes(assistant, queries).items():
            score(name, qrels, run)
    started = time.process_time()
    run = {}
    for query, text in queries.items():
        hits = assistant.search(text, DEPTH)
        run[query] = {hit.post.source_id or hit.post.post_id: 1 / hit.rank for hit in hits}
    seconds = time.process_time() - started
    score("search", qrels, run)
    print(f"{1000 * seconds / len(queries):.1f} ms of CPU a search of {DEPTH} hits")


if __name__ == "__main__":
    main()
