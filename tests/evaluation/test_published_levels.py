"""The product itself, configured as plain BM25, reaches the level that BM25 is known to have on a public collection.

Asked and scored through `assistant eval`: a fault in reading the set, in running, in searching or in the measure would show.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant import pipeline
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.types import Part

OFF = frozenset({Part.DENSE, Part.PAIRS, Part.EXACT, Part.IDENTIFIERS})
BM25 = 0.373
"""nDCG@10 of bm25s (lucene, k1 1.5, b .75, English stop words, Snowball) on these files with `test_no_source_docs`."""
NEAR = 0.004
QUERIES = 225


def test_plain_bm25_reaches_its_level_on_cranfield(
    run: Callable[..., Any], shared: Path, hashing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = shared / "data" / "cranfield"
    corpus = next(path for path in sorted(collection.iterdir()) if path.name.startswith("corpus.jsonl"))
    # Vectors play no part in it, so they may as well be without meaning, and cost nothing.
    meaningless = hashing()
    assert build(IndexFolder(tmp_path / "index"), meaningless, [str(corpus)], without=OFF).posts > 1300
    monkeypatch.setattr(pipeline, "embedder_from", lambda settings: meaningless)
    asked = run("eval", "run", f"{collection}#test_no_source_docs", "--out", "cranfield", "--index", tmp_path / "index",
                "--with", f"without={','.join(sorted(OFF))}", "--depth", 10)  # fmt: skip
    assert asked.exit_code == 0, asked.stderr
    scored = run("eval", "score", "cranfield", "--json")
    assert scored.exit_code == 0, scored.stderr
    values = [json.loads(line) for line in Path("cranfield", "scores.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [score["value"] for score in values if score["metric"] == "ndcg@10" and score["value"] is not None]
    assert len(found) == QUERIES
    assert sum(found) / len(found) == pytest.approx(BM25, abs=NEAR)
