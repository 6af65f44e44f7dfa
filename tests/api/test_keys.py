"""assistant key: made once, kept hashed, never shown again by anything."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.api.guarding import keys
from assistant.errors import SettingsError, UsageError

SECRET = re.compile(r"fa_[A-Za-z0-9_-]{43}")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of keys, in a folder that is not there yet."""
    path = tmp_path / "config" / "api-keys.json"
    monkeypatch.setenv("ASSISTANT_API_KEYS", str(path))
    return path


def test_a_new_key_is_alone_on_stdout_and_only_its_sum_is_kept(run, file):
    result = run("key", "new", "phone")
    secret = result.stdout.rstrip("\n")
    assert result.exit_code == 0 and SECRET.fullmatch(secret)
    (kept,) = json.loads(file.read_text())["keys"]
    assert (kept["name"], kept["sha256"]) == ("phone", hashlib.sha256(secret.encode()).hexdigest())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", kept["created"])
    assert secret not in file.read_text() + result.stderr


def test_nobody_else_can_read_the_file(run, file):
    run("key", "new", "one")
    file.chmod(0o644)
    run("key", "new", "two")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not list(file.parent.glob("*.new"))


def test_keys_are_listed_and_removed_by_name(run, file):
    for name in ("one", "two"):
        run("key", "new", name)
    sums = [key["sha256"] for key in json.loads(file.read_text())["keys"]]
    listed = run("key", "list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["one", "two"]
    assert all(digest[:8] in listed.stdout and digest[:9] not in listed.stdout for digest in sums)
    assert run("key", "remove", "one").exit_code == 0
    assert [key.name for key in keys.read(file)] == ["two"]


def test_who_removes_the_last_key_is_told_that_a_server_goes_on_asking_for_one(run, file, monkeypatch):
    for name in ("one", "two", "three"):
        run("key", "new", name)
    assert "started anew" not in run("key", "remove", "one").stderr
    assert "started anew" in run("key", "remove", "two").stderr + run("key", "remove", "three").stderr
    run("key", "new", "four")
    monkeypatch.setenv("ASSISTANT_API_KEY", "a-key-of-the-environment-1234567890")
    assert "started anew" not in run("key", "remove", "four").stderr


def test_json_says_the_same(run, file):
    made = json.loads(run("key", "new", "one", "--json").stdout)
    assert SECRET.fullmatch(made["key"]) and made["name"] == "one"
    entry = {name: made[name] for name in ("name", "created", "sha256")}
    assert len(entry["sha256"]) == 8
    assert json.loads(run("key", "list", "--json").stdout) == {"keys": [entry]}
    assert json.loads(run("key", "remove", "one", "--json").stdout) == {"removed": entry}
    assert json.loads(run("key", "list", "--json").stdout) == {"keys": []}


@pytest.mark.parametrize("command", [("new", "x"), ("list",), ("remove", "x")])
def test_every_command_takes_index_and_has_an_example(run, file, command):
    assert "Example: assistant key" in run("key", command[0], "--help").stdout
    keys.make(file, "x" if command[0] == "remove" else "other")
    assert run("key", *command, "--index", "nowhere").exit_code == 0


@pytest.mark.parametrize("name", ["", "a b", "-a", ".a", "a" * 65, "ä", "a/b", "a\n", "\x1b[31m"])
def test_a_name_that_is_none_is_refused_without_a_file(file, name):
    with pytest.raises(UsageError) as error:
        keys.make(file, name)
    assert "\x1b" not in error.value.message
    assert not file.exists()


def test_a_name_that_is_taken_and_one_that_is_not_there_are_errors_of_usage(run, file):
    run("key", "new", "one")
    taken = run("key", "new", "one")
    assert (taken.exit_code, taken.stdout) == (2, "") and "assistant key remove one" in taken.stderr
    unknown = run("key", "remove", "other")
    assert (unknown.exit_code, unknown.stdout) == (2, "") and "assistant key list" in unknown.stderr


DAMAGED = ["", "{", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"name": "a", "sha256": "b", "created": "c"}]}',
           pytest.param("[" * 100_000, id="nested"),
           '{"keys": [{"name": "a", "sha256": 7, "created": "c"}]}', '{"keys": [{"name": "a"}]}', "\udcff"]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_an_error_with_its_mend_and_stays_as_it_is(run, file, content):
    file.parent.mkdir()
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    for command in (("new", "one"), ("list",), ("remove", "one")):
        result = run("key", *command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "is damaged" in result.stderr and str(file) in result.stderr and "hint:" in result.stderr
    assert file.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_file_that_cannot_be_read_is_an_error_with_its_mend(file):
    file.mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be read"):
        keys.read(file)


def test_keys_made_at_the_same_time_are_all_kept(file):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: keys.make(file, f"key-{number}")[0], range(16)))
    assert sorted(key.name for key in keys.read(file)) == sorted(f"key-{number}" for number in range(16))
    assert len(set(made)) == 16


def test_a_key_is_never_shown_again(run, file, monkeypatch, tmp_path):
    secret = run("key", "new", "one").stdout.strip()
    own = "a-key-of-the-environment-1234567890"
    monkeypatch.setenv("ASSISTANT_API_KEY", own)
    calls = ["key list", "key list --json", "key new one", "key remove other", "config show", "config show --origin --json",
             "doctor", "serve --workers 2", "serve --host 0.0.0.0", "serve --index nowhere"]  # fmt: skip
    results = [run(*call.split()) for call in calls]
    monkeypatch.setenv("ASSISTANT_API_KEY", own[:12])
    results.append(run("config", "show"))
    assert results[-1].exit_code == 2
    said = "".join(result.stdout + result.stderr for result in results)
    assert "api_key = (set)" in said
    digest = hashlib.sha256(secret.encode()).hexdigest()
    assert not [shown for shown in (secret, own, own[:12], digest, digest[:9]) if shown in said]
