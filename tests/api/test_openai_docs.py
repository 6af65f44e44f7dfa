"""The examples in docs/clients.md run as they stand, but for the port."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from node_packages import node_modules

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


def example(heading, language):
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1]


def at(server, program):
    assert "http://127.0.0.1:8000" in program
    return program.replace("http://127.0.0.1:8000", server.url)


def test_the_example_for_python_prints_the_answer_and_its_sources(server, capsys):
    exec(compile(at(server, example("Python", "python")), PAGE.name, "exec"), {})
    told = capsys.readouterr().out
    assert "**Sources**" in told
    assert "\n[1] RMCaptureSession rotates the preview" in told
    assert told.splitlines()[-1].startswith("grounded 0.")


def test_the_example_for_node_prints_the_answer(server, tmp_path):
    (tmp_path / "node_modules").symlink_to(node_modules())
    (tmp_path / "example.mjs").write_text(at(server, example("Node", "js")), encoding="utf-8")
    done = subprocess.run(["node", "example.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "**Sources**" in done.stdout


def test_the_example_for_curl_gets_an_answer(server):
    program = at(server, example("curl", "sh"))
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, timeout=60, check=False, env={"KEY": "unused"})
    if done.returncode == 127:
        pytest.skip("no curl on this machine")
    assert '"object":"chat.completion"' in done.stdout
