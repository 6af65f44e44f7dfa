"""Markdown made from the code: what the README's cog blocks print. `make format` renews them, `make lint` checks them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic_core import PydanticUndefined

from assistant import errors
from assistant.cli import app
from assistant.evaluation.catalogue import METRICS
from assistant.settings import PREFIX, Settings

WIDTH = 100
OWN_PAGE = "assistant eval "
"""Commands that are not in the README but in docs/evaluation.md."""
PLACES = {"cache_dir": "the user's cache folder", "api_keys": "a file in the user's configuration folder"}
"""Defaults that differ from one machine to the next."""
ANSWER = Path(__file__).parent / "answer.txt"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, groups before what is in them."""
    yield from _below(typer.main.get_command(app), "assistant")


def _below(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word, command in getattr(group, "commands", {}).items():
        yield f"{name} {word}", command
        yield from _below(command, f"{name} {word}")


def help_of(name: str, command: Any) -> str:
    """What `--help` says, without the boxes that a terminal gets."""
    command.rich_markup_mode = None
    with command.make_context(name, [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH) as context:
        return str(context.get_help()).rstrip()


def command_reference(group: str = "") -> str:
    """The commands of a group, else those that are in none with a page of its own, each folded under its name."""
    blocks = (
        f"<details><summary><code>{name}</code>: {command.get_short_help_str(WIDTH)}</summary>\n\n"
        f"```text\n{help_of(name, command)}\n```\n\n</details>"
        for name, command in commands()
        if (name.startswith(f"{group} ") if group else not name.startswith(OWN_PAGE))
    )
    return "\n".join(blocks) + "\n"


def settings_table() -> str:
    """All settings with their defaults."""
    rows = ["| setting | variable | default | what it is |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.default_factory is not None:
            default = PLACES[name]
        elif field.default == frozenset():
            default = "none"
        elif field.default is None or field.default is PydanticUndefined:
            default = "not set"
        else:
            default = f"`{field.default}`"
        rows.append(f"| `{name}` | `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def metrics_table() -> str:
    """The catalogue of metrics."""
    rows = ["| metric | what it says | better | |", "|---|---|---|---|"]
    for metric in METRICS:
        better = {1: "more", -1: "less", 0: ""}[metric.better]
        rows.append(f"| `{metric.name}` | {metric.title} | {better} | {'primary' if metric.primary else metric.unit} |")
    return "\n".join(rows) + "\n"


def exit_codes() -> str:
    """The exit codes: those of the error classes, and the ones that are no error."""
    meanings = {0: ["well; a refusal is well too"], 3: ["no answer, and `--strict` was given"], 130: ["interrupted"]}
    for kind in _error_classes(errors.AssistantError):
        if issubclass(kind, (errors.RequestRefused, errors.TookTooLong)):
            continue  # the server's alone: no command ends with them
        meanings.setdefault(kind.exit_code, []).append(f"`{kind.__name__}`: {_first_sentence(kind)}")
    rows = [f"| {code} | {'<br>'.join(meanings[code])} |" for code in sorted(meanings)]
    return "\n".join(["| code | meaning |", "|---|---|", *rows]) + "\n"


def _error_classes(kind: type[errors.AssistantError]) -> Iterator[type[errors.AssistantError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _error_classes(below)


def _first_sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split()).split("; ")[0].split(" (")[0].rstrip(".")


def transcript() -> str:
    """The run that `docs/answer.py` recorded."""
    return f"```text\n{ANSWER.read_text(encoding='utf-8').rstrip()}\n```\n"
