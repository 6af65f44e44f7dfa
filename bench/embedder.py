"""The embedded model at its published task: SciFact, one vector a document (title and text, cut at 256 tokens), exact search.

    python bench/embedder.py ../shared/data/scifact

Published for all-MiniLM-L6-v2 in float32: nDCG@10 .645. What the index does with chunks is measured by retrieval.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import nDCG
from retrieval import json_lines, qrels_of

from assistant.indexing.embedders import embedder_from
from assistant.settings import Settings


def main() -> None:
    folder = Path(sys.argv[1])
    embedder = embedder_from(Settings())
    corpus = {row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in json_lines(folder / "corpus.jsonl")}
    qrels = qrels_of(folder / "qrels/test.tsv")
    queries = {row["_id"]: row["text"] for row in json_lines(folder / "queries.jsonl") if row["_id"] in qrels}
    ids = list(corpus)
    cosines = embedder.embed(list(queries.values())) @ embedder.embed(list(corpus.values())).T
    run = {}
    for query, row in zip(queries, cosines, strict=True):
        run[query] = {ids[place]: float(row[place]) for place in np.argsort(-row)[:100]}
    print(f"{embedder.fingerprint}: nDCG@10 {ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10]:.4f}")


if __name__ == "__main__":
    main()
