"""What docs/operating.md promises: its tables are the code's, and an index that was copied answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from assistant.api.guarding.keys import KeyRing
from assistant.api.observing.observer import Observer
from assistant.api.telling import answer_json
from assistant.errors import Overloaded
from assistant.indexing.verify import verify_generation
from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "operating.md").read_text(encoding="utf-8")
DEPLOY = REPOSITORY / "deploy"
QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"


def rows(name):
    """The rows of the table behind a marker, as tuples of cells."""
    table = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert table is not None
    lines = table[1].strip().splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


@pytest.fixture(scope="module")
def registered(sample):
    """The metrics of a server that everything has happened to, as rows of the page by name."""
    observer = Observer(Settings())
    observer.watch(lambda: 0, lambda: sample.generation)
    answer = asyncio.run(answer_of(sample, QUESTION))
    observer.answered("ask", answer)
    observer.failed("ask", Overloaded("too many", hint="later", retry_after=1))
    observer.requested("POST", "/ask", 200, 0.1, "id")
    described = {}
    for family in text_string_to_metric_families(observer.exposition()[0].decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        described[name] = (f"`{name}`", family.type, ", ".join(f"`{label}`" for label in sorted(labels)), family.documentation)
    return described


def test_the_table_of_metrics_is_what_the_server_exposes(registered):
    assert rows("metrics") == list(registered.values())


def test_the_table_of_events_is_what_the_server_logs(sample, caplog, tmp_path):
    observer = Observer(Settings())
    keys = KeyRing(Settings(api_keys=tmp_path / "keys.json"))
    (tmp_path / "keys.json").write_text("[" * 100_000)
    with caplog.at_level("INFO", "assistant"), suppress(ZeroDivisionError), observer.request("id"):
        observer.started("here")
        observer.answered("ask", asyncio.run(answer_of(sample, QUESTION)))
        observer.failed("ask", Overloaded("too many", hint="later", retry_after=1))
        observer.requested("POST", "/ask", 200, 0.1, "id")
        assert keys.needed
        observer.draining(1)
        observer.stopped(1)
        _ = 1 / 0
    logged = {record.msg["event"]: record.msg for record in caplog.records if record.name == "assistant"}
    assert str(tmp_path) not in str(logged["keys"])
    described = {event.strip("`"): said for event, _, said in rows("events")}
    assert set(described) == {*logged, "library"}
    for event, fields in logged.items():
        named = set(re.findall(r"`(\w+)`", described[event]))
        assert set(fields) - {"event", "exc_info", "tokens_read", "tokens_written"} <= named, event


def test_alerts_and_the_page_name_only_metrics_that_there_are(registered):
    known = {*registered, "up"}
    rules = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    for rule in rules:
        named = set(re.findall(r"\b(?:assistant|process)_\w+", rule["expr"]))
        assert {name.removesuffix("_bucket") for name in named} <= known, rule["alert"]
        assert f"`{rule['alert']}`" in PAGE
    mentioned = set(re.findall(r"`(assistant_[a-z_]+)`", PAGE))
    assert mentioned <= known
    assert len(rules) >= 5


def test_every_setting_and_file_that_the_page_names_is_there():
    settings = re.search(r"## Settings and keys\n(.*?)\n## ", PAGE, re.DOTALL)[1]
    for names in re.findall(r"^\| (`.*?) \|", settings, re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", names)) <= set(Settings.model_fields)
    for link in re.findall(r"\]\((?!http|#)([^)#]+)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link
    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert anchor in {
            re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)", PAGE, re.M)
        }


def test_an_index_that_was_copied_as_the_page_says_is_whole_and_answers_the_same(sample_index, embedder, tmp_path):
    page = re.search(r"```sh\n(name=.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "index").symlink_to(sample_index)
    subprocess.run(["bash", "-euc", page], cwd=tmp_path, check=True)
    restored = tmp_path / "elsewhere"
    shutil.move(tmp_path / "backup", restored)
    assert {path.name for path in restored.iterdir()} == {"CURRENT", (sample_index / "CURRENT").read_text().strip()}
    assert verify_generation(restored / (restored / "CURRENT").read_text().strip()) == []
    answers = []
    for folder in (sample_index, restored):
        assistant = Assistant(Settings(index=folder), embedder)
        answers.append(answer_json(asyncio.run(answer_of(assistant, QUESTION))) | {"timings_ms": None})
        assistant.close()
    assert answers[0] == answers[1]
    assert answers[0]["citations"]


def asked(url, body):
    request = urllib.request.Request(f"{url}/ask", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_a_server_as_a_process_logs_json_from_start_to_stop_and_nothing_on_stdout_but_its_address(sample_index, tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-m", "assistant.cli", "serve", "--json", "--port", "0", "--index", str(sample_index)]
    environment = {**os.environ, "ASSISTANT_DRAIN_SECONDS": "2"}
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=environment, text=True, cwd=tmp_path)
    try:
        url = json.loads(process.stdout.readline())["url"]
        assert asked(url, {"question": QUESTION})["status"] == "grounded"
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert (process.returncode, rest) == (0, "")
    assert [line["event"] for line in lines] == ["started", "generation", "answered", "request", "draining", "stopped"]
    assert len(log.read_text().splitlines()) == len(lines) + 1
    assert lines[0]["address"] == url
    assert QUESTION not in log.read_text()
