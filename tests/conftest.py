"""Fixtures of all tests: embedders, indexes that are built once a session, posts as files, and the command line."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from assistant.errors import EmbedderError
from assistant.indexing.build import BuildReport, build
from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import Recipe
from assistant.indexing.minilm import MiniLM
from assistant.pipeline import Assistant
from assistant.settings import Settings

# How long it takes to make an example says how busy the machine is, not what the code does.
hypothesis.settings.register_profile("project", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("project")

# A shell that runs the tests in the background ignores interrupts, and so would every command that they start.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE_POSTS = REPOSITORY / "eval" / "sample" / "posts"
SHARED = Path(os.environ.get("ASSISTANT_SHARED", REPOSITORY.parent / "shared"))
CACHE = os.environ.get("ASSISTANT_CACHE_DIR")
REQUIRE_SHARED = os.environ.get("ASSISTANT_REQUIRE_SHARED") == "1"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository, which is read in place and never copied."""
    if (SHARED / "posts").is_dir():
        return SHARED
    reason = f"no real data at {SHARED} (set ASSISTANT_SHARED)"
    if REQUIRE_SHARED:
        pytest.fail(reason)
    print(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the prepared embedder lies: the folder that the environment names, else one for this session."""
    return Path(CACHE).resolve() if CACHE else tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of whoever runs the tests is seen by them, and nothing of theirs lands in that person's folders."""
    for name in [name for name in os.environ if name.startswith(("ASSISTANT_", "OPENAI_")) or name == "NO_COLOR"]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache")):
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("ASSISTANT_CACHE_DIR", str(cache_dir))


class HashingEmbedder:
    """Bags of hashed words as unit vectors: deterministic, quick, without meaning. Fails at its `fail_at`-th call."""

    dimension = 64

    def __init__(self, fail_at: int | None = None, fingerprint: str = "hashing/1", max_tokens: int = 64) -> None:
        self.fingerprint = fingerprint
        self.max_tokens = max_tokens
        self.calls = 0
        self.texts: list[str] = []
        self._fail_at = fail_at

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def is_word(self, word: str) -> bool:
        return False

    def embed(self, texts: Sequence[str]) -> Any:
        self.calls += 1
        if self.calls == self._fail_at:
            raise EmbedderError("the embedder was told to fail", hint="tell it not to")
        self.texts.extend(texts)
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                number = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
                vectors[row, number % self.dimension] += 1.0 + (number >> 32) % 97 / 97
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def hashing() -> type[HashingEmbedder]:
    """The class itself: a test makes as many as it needs."""
    return HashingEmbedder


@pytest.fixture(scope="session")
def embedder(cache_dir: Path) -> MiniLM:
    """The real embedder, loaded once."""
    return MiniLM(cache_dir)


def _built(folder: Path, embedder: MiniLM, source: Path) -> Path:
    build(IndexFolder(folder), embedder, [str(source)])
    return folder


@pytest.fixture(scope="session")
def sample_posts() -> Path:
    return SAMPLE_POSTS


@pytest.fixture(scope="session")
def sample_index(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Path:
    """An index of the sample forum. Tests read it only."""
    return _built(tmp_path_factory.mktemp("sample") / "index", embedder, SAMPLE_POSTS)


@pytest.fixture(scope="session")
def real_index(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM, shared: Path) -> Path:
    """An index of the real pages. Tests read it only."""
    return _built(tmp_path_factory.mktemp("real") / "index", embedder, shared / "posts")


def _assistant(index: Path, embedder: MiniLM) -> Iterator[Assistant]:
    assistant = Assistant(Settings(index=index), embedder)
    yield assistant
    assistant.close()


@pytest.fixture(scope="session")
def sample(sample_index: Path, embedder: MiniLM) -> Iterator[Assistant]:
    """An assistant over the sample forum."""
    yield from _assistant(sample_index, embedder)


@pytest.fixture(scope="session")
def real(real_index: Path, embedder: MiniLM) -> Iterator[Assistant]:
    """An assistant over the real pages."""
    yield from _assistant(real_index, embedder)


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes posts (dicts of our schema, or lines as they are) to a file below the test's folder."""

    def write(name: str, *posts: dict[str, Any] | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [post if isinstance(post, str) else json.dumps({"title": "", **post}) for post in posts]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


class SmallIndex:
    """An index of a test's own, with an embedder that costs nothing."""

    def __init__(self, path: Path, embedder: HashingEmbedder) -> None:
        self.folder = IndexFolder(path)
        self.embedder = embedder
        self._open: list[Generation] = []

    def build(self, *paths: Path, embedder: HashingEmbedder | None = None, **options: Any) -> BuildReport:
        return build(self.folder, embedder or self.embedder, [str(path) for path in paths], **options)

    def generation(self) -> Generation:
        self._open.append(Generation(self.folder.current(), Recipe(self.embedder.fingerprint)))
        return self._open[-1]

    def posts(self) -> list[Any]:
        store = self.generation().posts
        return store.posts(range(len(store)))

    def close(self) -> None:
        for generation in self._open:
            generation.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallIndex]:
    index = SmallIndex(tmp_path / "small-index", HashingEmbedder())
    yield index
    index.close()


@pytest.fixture
def serving() -> Iterator[Callable[[ThreadingHTTPServer], ThreadingHTTPServer]]:
    """Starts a server of a test's own on loopback; it is stopped when the test ends."""
    with ExitStack() as running:

        def start(server: ThreadingHTTPServer) -> ThreadingHTTPServer:
            running.enter_context(server)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            return server

        yield start


@pytest.fixture
def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command line in this process (typer.testing), started in an empty folder.

    In this process, since importing the engines anew costs each command more than it does itself. What only a process
    of its own shows (imports, signals, terminals, streams at exit) is tested with `run_process`.
    """
    from typer.testing import CliRunner

    from assistant.cli import app

    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def invoke(*arguments: object, stdin: str | None = None) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False)

    return invoke


@pytest.fixture
def run_process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a process of its own."""

    def invoke(*arguments: object, env: dict[str, str] | None = None, stdin: str = "") -> Any:
        command = [sys.executable, "-m", "assistant.cli", *map(str, arguments)]
        environment = {**os.environ, **(env or {})}
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment, input=stdin, timeout=120, check=False
        )

    return invoke
