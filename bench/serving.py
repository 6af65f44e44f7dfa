"""What a server holds out: times of answers, refusals for overload, errors and the server's memory, seen from another process.

    python bench/serving.py one --posts POSTS -n 200           one client, one question after the other
    python bench/serving.py load --posts POSTS --clients 50    each client asks again when it is answered; a 429 is waited out
    python bench/serving.py open --posts POSTS --rate 8        questions at random times, whether others are answered or not
    python bench/serving.py soak --posts POSTS --rate 2 --seconds 3600

The server is one that runs (`--url`, and `--pid` for its memory), or one that is started over an index (`--index`).
Questions are titles and sentences of the posts in POSTS, read as `assistant index` reads them, drawn with `--seed`.
“answered” is the time of a request that was answered, “whole” that from the first try on, with the seconds of Retry-After
waited. The slope is that of a line through the samples of memory after `--warm-up` seconds, by least squares. A key is read
from ASSISTANT_API_KEY.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from assistant.corpus.reading import read
from assistant.language.segments import sentences
from assistant.types import RawPost

SHORTEST, LONGEST = 20, 200
LONGEST_WAIT = 30.0
SAMPLE_SECONDS = 1.0
SHARES = {"p50": 50, "p95": 95, "p99": 99, "most": 100}


@dataclass
class Seen:
    """What happened, as it happened. Milliseconds; `memory` is seconds since the beginning and KiB."""

    answered: list[float] = field(default_factory=list)
    first_word: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    most_descriptors: int = 0
    most_at_once: int = 0


def questions(paths: list[Path], seed: int) -> Iterator[str]:
    """Titles and sentences of the posts, shuffled, over and over."""
    texts: set[str] = set()
    for found in read(paths):
        if isinstance(found, RawPost):
            pieces = (found.title, *(found.body[span.start : span.end] for span in sentences(found.body)))
            texts.update(piece for piece in pieces if SHORTEST <= len(piece) <= LONGEST)
    if not texts:
        raise SystemExit(f"no title and no sentence of {SHORTEST} to {LONGEST} characters in {paths}")
    shuffled, chance = sorted(texts), random.Random(seed)
    while True:
        chance.shuffle(shuffled)
        yield from shuffled


class Load:
    """Asks a server, and keeps count."""

    def __init__(self, client: httpx2.AsyncClient, asked: Iterator[str], stream: bool) -> None:
        self.client = client
        self.asked = asked
        self.stream = stream
        self.seen = Seen()
        self._at_once = 0

    async def ask(self, *, patient: bool) -> None:
        """One question; told to come again later, a patient client does."""
        question, began = next(self.asked), time.perf_counter()
        self._at_once += 1
        self.seen.most_at_once = max(self.seen.most_at_once, self._at_once)
        try:
            while True:
                started = time.perf_counter()
                status, wait = await self._once(question)
                self.seen.statuses[status] += 1
                if status == "200":
                    self.seen.answered.append(1000 * (time.perf_counter() - started))
                    self.seen.whole.append(1000 * (time.perf_counter() - began))
                if wait is None or not patient:
                    return
                await asyncio.sleep(min(wait, LONGEST_WAIT))
        finally:
            self._at_once -= 1

    async def _once(self, question: str) -> tuple[str, float | None]:
        """The status, or the name of what went wrong; the seconds to wait where there are some."""
        started = time.perf_counter()
        headers = {"accept": "text/event-stream" if self.stream else "application/json"}
        try:
            async with self.client.stream("POST", "/ask", json={"question": question}, headers=headers) as response:
                body = b""
                async for piece in response.aiter_bytes():
                    if self.stream and b"event: delta" in piece and b"event: delta" not in body:
                        self.seen.first_word.append(1000 * (time.perf_counter() - started))
                    body += piece
        except httpx2.HTTPError as error:
            return type(error).__name__, None
        if response.status_code == 429:
            return "429", float(response.headers["retry-after"])
        if response.status_code == 200 and not (b"event: answer" in body if self.stream else json.loads(body)["text"]):
            return "200 without an answer", None
        return str(response.status_code), None


async def one(load: Load, options: argparse.Namespace) -> None:
    """One question after the other; the first is not counted."""
    await load.ask(patient=True)
    load.seen = Seen(memory=load.seen.memory)
    for _ in range(options.n):
        await load.ask(patient=True)


async def closed(load: Load, options: argparse.Namespace) -> None:
    """So many clients, each asking again when it is answered, after `--think` seconds on average."""
    ends = time.monotonic() + options.seconds
    chance = random.Random(options.seed + 1)

    async def client() -> None:
        while time.monotonic() < ends:
            await load.ask(patient=True)
            if options.think:
                await asyncio.sleep(chance.expovariate(1 / options.think))

    await asyncio.gather(*(client() for _ in range(options.clients)))


async def arriving(load: Load, options: argparse.Namespace) -> None:
    """Questions at random times, `--rate` a second, each asked once."""
    ends = time.monotonic() + options.seconds
    chance = random.Random(options.seed + 1)
    async with asyncio.TaskGroup() as asking:
        due = time.monotonic()
        while (due := due + chance.expovariate(options.rate)) < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            asking.create_task(load.ask(patient=False))


async def steady(load: Load, options: argparse.Namespace) -> None:
    """Questions at even distances, `--rate` a second; one that is told to come again later does."""
    async with asyncio.TaskGroup() as asking:
        begun = time.monotonic()
        for number in range(int(options.seconds * options.rate)):
            await asyncio.sleep(max(0.0, begun + number / options.rate - time.monotonic()))
            asking.create_task(load.ask(patient=True))


MODES: dict[str, Callable[[Load, argparse.Namespace], Awaitable[None]]]
MODES = {"one": one, "load": closed, "open": arriving, "soak": steady}


@asynccontextmanager
async def sampled(pid: int | None, seen: Callable[[], Seen]) -> AsyncIterator[None]:
    """The server's memory and descriptors each second, while the block runs."""
    begun = time.monotonic()

    async def sample(process: Path) -> None:
        while True:
            resident = int(re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())[1])  # type: ignore[index]
            seen().memory.append((time.monotonic() - begun, resident))
            with suppress(PermissionError):
                seen().most_descriptors = max(seen().most_descriptors, len(list((process / "fd").iterdir())))
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample(Path("/proc") / str(pid))) if pid else None
    try:
        yield
    finally:
        if sampling:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling


@contextmanager
def served(options: argparse.Namespace) -> Iterator[tuple[str, int | None]]:
    """Address and process of the server: one that runs, or one that is started for the block."""
    if options.url:
        yield options.url, options.pid
        return
    command = [sys.executable, "-m", "assistant.cli", "serve", "--index", str(options.index), "--port", str(options.port)]
    url = f"http://127.0.0.1:{options.port}"
    with options.log.open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
        try:
            _wait_until_ready(url, process)
            yield url, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise SystemExit("the server did not start: see its log (--log)")


def slope(memory: list[tuple[float, int]], warm_up: float) -> float | None:
    """KiB a minute by least squares over the samples after `warm_up` seconds; None where there are under three."""
    kept = np.array([sample for sample in memory if sample[0] >= warm_up])
    return None if len(kept) < 3 else float(60 * np.polyfit(kept[:, 0], kept[:, 1], 1)[0])


def report(seen: Seen, took: float, options: argparse.Namespace) -> dict[str, Any]:
    """The figures as JSON."""
    answers, memory = len(seen.answered), [kib for _, kib in seen.memory]
    errors = sum(count for status, count in seen.statuses.items() if status not in ("200", "429"))
    times = {"answered": seen.answered, "first_word": seen.first_word, "whole": seen.whole}
    return {
        "mode": options.mode, "seconds": round(took, 1), "answers": answers, "answers_a_second": round(answers / took, 2),
        "statuses": dict(seen.statuses), "overloaded": seen.statuses["429"], "errors": errors,
        "most_at_once": seen.most_at_once,
        "ms": {
            name: {said: round(float(np.percentile(values, share)), 1) for said, share in SHARES.items()}
            for name, values in times.items() if values
        },
        "server_kib": {
            "first": memory[0], "last": memory[-1], "most": max(memory), "a_minute": slope(seen.memory, options.warm_up),
        } if memory else None,
        "server_descriptors": seen.most_descriptors or None,
        "client_cpu_seconds": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 1),
    }  # fmt: skip


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(figures["statuses"].items()))
    print(f"{figures['mode']}: {figures['answers']} answers in {figures['seconds']} s ({figures['answers_a_second']} a second)")
    print(f"  statuses     {statuses}; errors {figures['errors']}; most at once {figures['most_at_once']}")
    for name, percentiles in figures["ms"].items():
        print(f"  {name:<12} " + ", ".join(f"{share} {value:.1f} ms" for share, value in percentiles.items()))
    if figures["server_kib"]:
        kib = figures["server_kib"]
        growth = "too short for a slope" if kib["a_minute"] is None else f"{kib['a_minute']:+.1f} KiB a minute"
        print(f"  memory       {kib['first']} KiB at first, {kib['last']} at last, {kib['most']} at most; {growth}")
    print(f"  descriptors  {figures['server_descriptors']}; the client itself used {figures['client_cpu_seconds']} s of CPU")


async def measured(options: argparse.Namespace, url: str, pid: int | None) -> dict[str, Any]:
    """Run the mode and give its figures."""
    key = os.environ.get("ASSISTANT_API_KEY")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=options.clients)
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=400, trust_env=False) as client:
        load = Load(client, questions(options.posts, options.seed), options.stream)
        started = time.monotonic()
        async with sampled(pid, lambda: load.seen):
            await MODES[options.mode](load, options)
        return report(load.seen, time.monotonic() - started, options)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=[*MODES])
    parser.add_argument("--posts", type=Path, action="append", required=True, help="file or folder that questions come from")
    server = parser.add_mutually_exclusive_group(required=True)
    server.add_argument("--url", help="a server that runs")
    server.add_argument("--index", type=Path, help="start a server over this index, at --port, with its --log")
    parser.add_argument("--pid", type=int, help="process of the server that runs, for its memory")
    parser.add_argument("--port", type=int, default=28765)
    parser.add_argument("--log", type=Path, default=Path(os.devnull))
    parser.add_argument("-n", type=int, default=200, help="one: how many questions")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--think", type=float, default=0.0, help="load: mean seconds between an answer and the next question")
    parser.add_argument("--rate", type=float, default=2.0, help="open, soak: questions a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--warm-up", type=float, default=60.0, help="seconds that the slope of memory leaves out")
    parser.add_argument("--stream", action="store_true", help="ask for server-sent events")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    with served(options) as (url, pid):
        figures = asyncio.run(measured(options, url, pid))
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
