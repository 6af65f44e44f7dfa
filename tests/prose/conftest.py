"""A server that obeys every attack, and an index of the posts that hold the attacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prose.obeying import ATTACKS, Obeying, attacks

from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.indexing.minilm import MiniLM
from assistant.pipeline import Assistant
from assistant.settings import Settings


@pytest.fixture(scope="session")
def attacks_index(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Path:
    """An index of the attacking forum. Tests read it only."""
    folder = tmp_path_factory.mktemp("attacks") / "index"
    build(IndexFolder(folder), embedder, [str(ATTACKS / "posts")])
    return folder


@pytest.fixture(scope="module")
def obeying() -> Iterator[Obeying]:
    """A running server that obeys every attack."""
    with Obeying(attacks()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def attacked(attacks_index: Path, embedder: MiniLM, obeying: Obeying) -> Iterator[Callable[..., Assistant]]:
    """Makes assistants over the attacking forum whose model obeys, in the mode given."""
    made: list[Assistant] = []

    def make(mode: str, **settings: object) -> Assistant:
        chosen = {"index": attacks_index, "generator": f"openai:{mode}", "base_url": obeying.base_url, **settings}
        made.append(Assistant(Settings(**chosen), embedder))
        return made[-1]

    yield make
    for assistant in made:
        assistant.close()
