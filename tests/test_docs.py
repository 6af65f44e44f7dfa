"""Documents against the code: what a reader is told is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from assistant import __version__
from assistant.cli import app
from assistant.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")

# In pieces, so that this file does not hold what it forbids.
INDEX_HOSTS = [name + ".org" for name in ("pypi", "files.pythonhosted", "test.pypi", "registry.npmjs", "deb.debian")]
PLACES = ["/" + "work/", "/" + "root/", "/" + "opt/", "/home" + "/", "file" + "://" + "/", "/" + "tmp/venv"]
# Where docs/operating.md has the program installed.
OURS = "assistant"
FORBIDDEN = re.compile("|".join(rf"(?<![\w.$~-]){re.escape(words)}(?!{OURS}\b)" for words in [*INDEX_HOSTS, *PLACES]))
# Posts are data: what people write of their own machines stands there as they wrote it.
DATA = ("eval/sample/posts/", "tests/data/")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(group: Any, name: str = "assistant") -> Iterator[tuple[str, Any]]:
    for word, command in getattr(group, "commands", {}).items():
        yield f"{name} {word}", command
        yield from commands(command, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app)))


def project_files() -> list[Path]:
    """What is, or would be, in the repository; without git, what lies where the project's own files do."""
    listing = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return [path for top in ("src", "tests", "docs", "eval", "requirements") for path in (ROOT / top).rglob("*.*")]
    return [ROOT / name for name in names if name and not name.startswith(DATA)]


def project_texts() -> Iterator[tuple[str, str]]:
    for path in project_files():
        if path.is_file() and "__pycache__" not in path.parts:
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def contract(container: str = "assistant") -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        contracts = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    return next(item["layers"] for item in contracts if item.get("containers") == [container])


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not hasattr(command, "commands")])
def test_every_command_has_help_with_an_example(name: str) -> None:
    assert f"Example: {name}" in (COMMANDS[name].help or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_says_what_it_does(name: str) -> None:
    assert [param.name for param in COMMANDS[name].params if not getattr(param, "help", None)] == []


def test_generated_parts_of_the_readme_are_up_to_date() -> None:
    command = [sys.executable, "-m", "cogapp", "-I", "docs", "--check", "README.md", "docs/evaluation.md"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nrun `make format`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name: str) -> None:
    page = "docs/evaluation.md" if name.startswith("assistant eval ") else "README.md"
    assert f"<code>{name}</code>" in text_of(page)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_in_the_readme(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert f"| `{name}` | `{PREFIX}{name.upper()}` |" in text_of("README.md")
    assert description in text_of("README.md")


@pytest.mark.parametrize(
    ("block", "container"),
    [
        ("", "assistant"),
        (" evaluation", "assistant.evaluation"),
        (" answering", "assistant.answering"),
        (" api", "assistant.api"),
    ],
)
def test_the_layers_of_the_architecture_are_those_of_the_import_contract(block: str, container: str) -> None:
    (lines,) = re.findall(rf"```layers{block}\n(.*?)```", text_of("ARCHITECTURE.md"), re.DOTALL)
    assert [re.split(r"\s{2,}", line)[0] for line in lines.splitlines()] == contract(container)


def test_the_tree_of_the_architecture_names_every_module() -> None:
    tree = text_of("ARCHITECTURE.md").partition("src/assistant/\n")[2].partition("```")[0]
    modules = [path.name for path in (ROOT / "src" / "assistant").iterdir() if not path.name.startswith("__")]
    assert [name for name in modules if not re.search(rf"(?<!\w){re.escape(name)}", tree)] == []


def test_the_changelog_has_the_version() -> None:
    assert f"\n## [{__version__}]" in text_of("CHANGELOG.md")


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("*/README.md")), ids=str)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    assert [link for link in LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()] == []


def test_lock_files_pin_everything_by_hash_and_name_no_index() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        entries = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8")).splitlines()
        entries = [entry for entry in entries if entry.strip() and not entry.lstrip().startswith("#")]
        assert entries
        assert [entry for entry in entries if not re.match(r"[\w.\-\[\]]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_what_is_needed_is_locked() -> None:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)
    wanted = {"run": project["project"]["dependencies"], "dev": project["dependency-groups"]["dev"]}
    wanted |= {"build": project["build-system"]["requires"]}
    for lock, needs in wanted.items():
        locked = text_of(f"requirements/{lock}.txt").lower()
        names = [re.split(r"[<>=!~\[; ]", need)[0].lower().replace("_", "-") for need in needs]
        assert [name for name in names if f"\n{name}==" not in locked] == []


def test_no_file_names_a_place_or_host_of_the_machine_it_was_made_on() -> None:
    assert [name for name, text in project_texts() if FORBIDDEN.search(text)] == []
