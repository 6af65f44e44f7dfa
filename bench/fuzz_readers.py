"""Feed the readers mutated files for a while: nothing may raise, and each MiB takes at most a second (plus the start).

    python bench/fuzz_readers.py [--seconds 600] [--seed 1]

Mutates the files of the sample forum: bytes flipped, pieces cut out, doubled, swapped between files, lines repeated.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from assistant.corpus import read

SAMPLE = Path(__file__).resolve().parent.parent / "eval/sample/posts"
NASTY = [b"\x00", b"\xff\xfe", b"\x1b]52;c;x\x07", b"\r", b"\r\n", "\u2028".encode(), b"[" * 500, b'{"id":' * 50,
         b"Replies\n", b"Post\n", b"0\n", b"9h\n", b"\x1f\x8b", b"\n" * 200, b" " * 2000, "\u202e日本".encode()]  # fmt: skip


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 12)):
        start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(5):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:end] + data[start:]
            case 2:
                data = data[:start] + chance.choice(NASTY) + data[start:]
            case 3:
                cut = chance.randint(0, len(other))
                data = data[:start] + other[cut : cut + 2000] + data[end:]
            case _:
                data = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
    return data[: 4 << 20]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    originals = [path.read_bytes() for path in sorted(SAMPLE.iterdir())]
    started, runs, posts, slowest = time.monotonic(), 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page"
        while time.monotonic() - started < options.seconds:
            data = mutated(chance.choice(originals), chance.choice(originals), chance)
            target.write_bytes(data)
            before = time.process_time()
            posts += sum(1 for _ in read([target]))
            seconds = time.process_time() - before
            slowest = max(slowest, seconds / max(1.0, len(data) / (1 << 20)))
            runs += 1
    print(f"{runs} files, {posts} items, no exception; slowest {slowest:.2f} s a MiB (files below one MiB count as one)")


if __name__ == "__main__":
    main()
