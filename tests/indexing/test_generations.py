"""Generations: one writer, a pointer, a manifest that is believed only as far as it can be checked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from assistant.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing
from assistant.indexing.chunker import CHUNKER
from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import FORMAT, Recipe, read_manifest

HOLD = "import sys, time; from pathlib import Path; from assistant.indexing.generations import IndexFolder\n"
HOLD += "with IndexFolder(Path(sys.argv[1])).writer(): print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the writer's lock of `index`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "index")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def built(small, jsonl):
    small.build(jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}))
    return small


def changed_manifest(folder, change):
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.alone
def test_a_second_writer_is_refused_at_once_with_the_pid_of_the_first(holder, tmp_path):
    started = time.perf_counter()
    with pytest.raises(IndexLocked, match=str(holder.pid)) as error, IndexFolder(tmp_path / "index").writer():
        pass
    assert time.perf_counter() - started < 1
    assert str(holder.pid) in error.value.hint


@pytest.mark.alone
def test_the_command_exits_with_5_within_two_seconds(holder, tmp_path, run_process, jsonl):
    posts = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    started = time.perf_counter()
    result = run_process("index", posts, "--index", tmp_path / "index")
    assert time.perf_counter() - started < 2
    assert result.returncode == 5
    assert str(holder.pid) in result.stderr


def test_the_lock_of_a_killed_holder_is_free_at_once(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with IndexFolder(tmp_path / "index").writer():
        assert (tmp_path / "index" / "writer.pid").read_text() == f"{os.getpid()}\n"


def test_the_lock_is_given_back(tmp_path):
    folder = IndexFolder(tmp_path)
    for _ in range(2):
        with folder.writer():
            pass
    assert not (tmp_path / "writer.pid").exists()


def test_no_index_says_how_to_build_one(tmp_path):
    with pytest.raises(IndexMissing) as error:
        IndexFolder(tmp_path).current()
    assert "assistant index" in error.value.hint


@pytest.mark.parametrize("content", [b"", b"gen-000001-gone\n", b"../elsewhere\n", b"gen-/../x\n", b"\xff\xfe", b"\n"])
def test_a_pointer_that_names_no_generation_is_damage(built, content):
    (built.folder.path / "CURRENT").write_bytes(content)
    with pytest.raises(IndexDamaged):
        built.folder.current()


@pytest.mark.parametrize(
    "wanted", [Recipe("other/2"), Recipe("hashing/1", chunker="sentences/0"), Recipe("hashing/1", analysis="words/0")]
)
def test_another_recipe_is_a_mismatch_that_names_both(built, wanted):
    with pytest.raises(IndexMismatch) as error:
        Generation(built.folder.current(), wanted)
    assert "assistant index" in error.value.hint
    assert any(value in error.value.message for value in ("other/2", "sentences/0", "words/0"))


def test_a_changed_recipe_is_built_anew_by_the_command_of_the_hint(built, jsonl, hashing):
    built.build(embedder=hashing(fingerprint="hashing/2"))
    assert read_manifest(built.folder.current()).recipe == Recipe("hashing/2", CHUNKER)


def test_a_newer_format_is_refused(built):
    changed_manifest(built.folder.current(), lambda data: data["recipe"].update(format=FORMAT + 1))
    with pytest.raises(IndexMismatch, match=str(FORMAT + 1)):
        built.generation()


def test_a_newer_format_with_fields_unknown_here_is_refused_as_newer(built):
    def newer(data):
        data["recipe"].update(format=FORMAT + 1, colour="red")
        data["mood"] = "good"

    changed_manifest(built.folder.current(), newer)
    with pytest.raises(IndexMismatch):
        built.generation()


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", '{"recipe": {"format": "x"}}', '{"recipe": []}'])
def test_a_torn_manifest_is_damage(built, content):
    (built.folder.current() / "manifest.json").write_text(content)
    with pytest.raises(IndexDamaged):
        built.generation()


def test_a_missing_manifest_is_damage(built):
    (built.folder.current() / "manifest.json").unlink()
    with pytest.raises(IndexDamaged) as error:
        built.generation()
    assert "--fresh" in error.value.hint


def test_every_missing_file_is_damage_that_names_it(built):
    for record in read_manifest(built.folder.current()).files:
        path = built.folder.current() / record.path
        data = path.read_bytes()
        path.unlink()
        with pytest.raises(IndexDamaged, match=path.name):
            built.generation()
        path.write_bytes(data)
    built.generation()


def test_every_truncated_file_is_damage_that_names_it(built):
    folder = built.folder.current()
    for record in read_manifest(folder).files:
        path = folder / record.path
        data = path.read_bytes()
        if not data or path.name == "chroma.sqlite3":
            continue
        path.write_bytes(data[:-1])
        with pytest.raises(IndexDamaged, match=path.name):
            built.generation()
        path.write_bytes(data)


def test_a_damaged_generation_is_mended_by_a_fresh_build(built, tmp_path):
    (built.folder.current() / "posts.sqlite").unlink()
    with pytest.raises(IndexDamaged):
        built.generation()
    built.build(tmp_path / "a.jsonl", fresh=True)
    assert [post.body for post in built.posts()] == ["It fails on boot."]


def lose_a_file(folder):
    """Delete a file of the lexical index, which the manifest of the generation lists."""
    (folder / next(record.path for record in read_manifest(folder).files if record.path.startswith("bm25/"))).unlink()


def test_a_build_over_a_generation_with_a_missing_file_does_not_leave_it_in_force(built, tmp_path):
    lose_a_file(built.folder.current())
    built.build(tmp_path / "a.jsonl")
    assert built.generation().lexical.size == 1


def test_a_fresh_build_over_a_damaged_file_replaces_it(built, tmp_path):
    lose_a_file(built.folder.current())
    built.build(tmp_path / "a.jsonl", fresh=True)
    assert built.generation().lexical.size == 1


def test_a_reader_goes_on_with_its_generation_while_others_are_built(built, jsonl):
    generation = built.generation()
    parts = generation.posts, generation.lexical, generation.vectors
    vector = built.embedder.embed(["It fails"])[0]
    found = parts[2].nearest(vector, 1)
    for number in range(3):
        built.build(jsonl("a.jsonl", {"id": "1", "body": f"Other words {number}."}))
    assert [post.body for post in parts[0].posts([0])] == ["It fails on boot."]
    assert parts[1].holders("boot").tolist() == [0]
    assert parts[2].nearest(vector, 1) == found


def test_an_assistant_turns_to_a_newer_generation(built, jsonl):
    from assistant.pipeline import Assistant
    from assistant.settings import Settings

    assistant = Assistant(Settings(index=built.folder.path), built.embedder)
    assert [hit.text for hit in assistant.search("fails boot")] == ["It fails on boot."]
    built.build(jsonl("a.jsonl", {"id": "1", "body": "It fails on shutdown."}))
    assert [hit.text for hit in assistant.search("fails boot")] == ["It fails on shutdown."]
    assistant.close()
