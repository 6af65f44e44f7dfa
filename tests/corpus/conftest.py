"""Fixtures of the reader tests: content -> what `read` finds in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.corpus import Found, read
from assistant.types import Notice, RawPost, Skipped

Reading = Callable[..., "Findings"]


class Findings(list[Found]):
    """What a file gave, by kind."""

    @property
    def posts(self) -> list[RawPost]:
        return [item for item in self if isinstance(item, RawPost)]

    @property
    def skipped(self) -> list[Skipped]:
        return [item for item in self if isinstance(item, Skipped)]

    @property
    def notices(self) -> list[Notice]:
        return [item for item in self if isinstance(item, Notice)]


@pytest.fixture
def found_in(tmp_path: Path) -> Reading:
    def reading(content: str | bytes, name: str = "page.txt") -> Findings:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return Findings(read([file]))

    return reading


@pytest.fixture
def found_under() -> Callable[..., Findings]:
    return lambda *paths: Findings(read(paths))
