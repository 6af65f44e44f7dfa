"""Prompts: templates in the folder `prompts`, each with a version and a hash that answers carry.

A template is ours; what is put into it (posts, questions, turns) is data and never read as a template.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import assistant
from assistant.errors import AssistantError
from assistant.types import PromptUsed

_SECTION = re.compile(r"^--- (system|user) ---\n", re.MULTILINE)
_VERSION = re.compile(r"\A\{#-? version: (\d+) -?#\}\n?")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One template. `sha256` is of the whole file, version line included."""

    name: str
    version: int
    sha256: str
    template: str

    @property
    def used(self) -> PromptUsed:
        """The prompt as provenance shows it."""
        return PromptUsed(f"{self.name}/{self.version}/{self.sha256[:12]}", self.sha256)

    def render(self, **values: Any) -> str:
        """The prompt with `values` in it. A value that the template names and is not given is a fault of ours and raises."""
        return str(_compiled(self.template).render(**values)).strip()

    def messages(self, **values: Any) -> list[tuple[str, str]]:
        """Role and content of each section of the template (`--- system ---`, `--- user ---`), with `values` in them.

        Sections are told apart before anything is put in, so no value can begin one.
        """
        _, *rest = _SECTION.split(self.template)
        pairs = zip(rest[::2], rest[1::2], strict=True)
        return [(role, str(_compiled(text).render(**values)).strip()) for role, text in pairs]


@cache
def _compiled(template: str) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Markdown for a model, not HTML: nothing is escaped here. What posts hold is defused before it comes in.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    return environment.from_string(template)


@cache
def prompt(name: str) -> Prompt:
    """The prompt in `prompts/NAME.md`. Raises AssistantError where the installation lacks it or it has no version."""
    package = Path(assistant.__file__).resolve().parent
    for folder in (package / "prompts", package.parents[1] / "prompts"):
        path = folder / f"{name}.md"
        if path.is_file():
            return _read(name, path.read_text(encoding="utf-8"))
    raise AssistantError(f"the prompt {name}.md is not installed", hint="install the program again")


def _read(name: str, text: str) -> Prompt:
    version = _VERSION.match(text)
    if version is None:
        raise AssistantError(f"the prompt {name}.md names no version in its first line", hint="install the program again")
    return Prompt(name, int(version[1]), hashlib.sha256(text.encode()).hexdigest(), text[version.end() :])
