"""How often posts are masked, and how long that takes: what an index of them would hide, seen before it is built.

    python bench/redaction.py POSTS... [--show N]

POSTS are read as `assistant index` reads them. `--show` prints N masked spans, drawn with `--seed`, with what stands around
them: whether each is a secret is for a reader to say.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from assistant.corpus.reading import read
from assistant.language.redaction.masking import secret_spans
from assistant.types import RawPost

AROUND = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=Path, nargs="+")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    bodies = [post.body for post in read(options.posts) if isinstance(post, RawPost)]
    size = sum(map(len, bodies)) / 2**20
    started = time.process_time()
    spans = [list(secret_spans(body)) for body in bodies]
    spent = time.process_time() - started
    masked = sum(map(bool, spans))
    share = masked / len(bodies)
    print(f"{len(bodies)} posts, {size:.1f} Mi characters: {masked} masked ({share:.4f}), {sum(map(len, spans))} spans")
    print(f"{spent:.2f} s of processor time, {spent / size:.2f} s a Mi")
    found = [(body, span) for body, of in zip(bodies, spans, strict=True) for span in of]
    for body, span in random.Random(options.seed).sample(found, min(options.show, len(found))):
        before, after = body[max(0, span.start - AROUND) : span.start], body[span.end : span.end + AROUND]
        print(repr(f"{before}>>{body[span.start : span.end]}<<{after}"))


if __name__ == "__main__":
    main()
