"""CPU and wall time of warm questions: the search alone, and the whole extractive answer, which reads the best posts.

    python bench/latency.py INDEX QUESTIONS.jsonl [-n 100]

QUESTIONS has one object a line with "text" or "question". The first question, which loads everything, is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings


def timed(name: str, questions: list[str], work: Callable[[str], object]) -> None:
    work(questions[0])
    cpu, wall = [], []
    for question in questions[1:]:
        started = time.process_time(), time.perf_counter()
        work(question)
        cpu.append(1000 * (time.process_time() - started[0]))
        wall.append(1000 * (time.perf_counter() - started[1]))
    for kind, values in (("CPU", cpu), ("wall", wall)):
        print(f"{name}: {kind} ms p50 {np.percentile(values, 50):.1f}, p95 {np.percentile(values, 95):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("-n", type=int, default=100)
    options = parser.parse_args()
    data = options.questions.read_bytes()
    text = (gzip.decompress(data) if options.questions.suffix == ".gz" else data).decode("utf-8")
    rows = [json.loads(line) for line in text.strip().split("\n")]
    questions = [row.get("question") or row["text"] for row in rows[:: max(1, len(rows) // (options.n + 1))]][: options.n + 1]
    assistant = Assistant(Settings(index=options.index))
    print(f"{assistant.generation.manifest.posts} posts, {assistant.generation.manifest.chunks} chunks")
    timed("search, 10 hits", questions, lambda question: assistant.search(question, 10))
    timed("answer", questions, lambda question: asyncio.run(answer_of(assistant, question)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
