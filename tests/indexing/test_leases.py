"""Leases: what somebody reads is not removed, what nobody reads any more is, and a dead process reads nothing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from assistant.errors import IndexDamaged, IndexMismatch
from assistant.indexing.generation import Generation, open_in_force
from assistant.indexing.generations import CURRENT, KEPT, IndexFolder, replace_file
from assistant.indexing.lease import Lease, remove_unleased
from assistant.indexing.manifest import Recipe

READER = """
import sys
from pathlib import Path
from assistant.indexing.generation import Generation
from assistant.indexing.manifest import Recipe

generation = Generation(Path(sys.argv[1]), Recipe(sys.argv[2]))
print("open", flush=True)
for line in sys.stdin:
    # Parts are opened only now, when other generations have long been built.
    ids = list(generation.vectors.ids())
    vector = generation.vectors.vectors(ids)[1][0]
    print(generation.posts.posts([0])[0].body, len(generation.vectors.nearest(vector, 1)), flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "gen-000001-aa"
    folder.mkdir()
    (folder / "file").write_text("words")
    return folder


@pytest.fixture
def reading():
    """Starts another process that opens a generation; it answers each line with what it reads there."""
    started = []

    def start(folder, fingerprint):
        process = subprocess.Popen(
            [sys.executable, "-c", READER, str(folder), fingerprint], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def rebuild(small, jsonl, times, word="Other"):
    for number in range(times):
        small.build(jsonl("a.jsonl", {"id": "1", "body": f"{word} words {number}."}))


@pytest.fixture
def built(small, jsonl):
    small.build(jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}))
    return small


def test_a_leased_folder_is_removed_once_the_lease_is_given_back(folder, tmp_path):
    lease = Lease(folder)
    assert not remove_unleased(folder, tmp_path / "aside")
    assert (folder / "file").read_text() == "words"
    lease.close()
    assert remove_unleased(folder, tmp_path / "aside")
    assert not folder.exists()
    assert not (tmp_path / "aside").exists()


def test_a_folder_is_free_when_the_last_of_several_leases_is_given_back(folder, tmp_path):
    leases = [Lease(folder) for _ in range(3)]
    for lease in leases:
        assert not remove_unleased(folder, tmp_path / "aside")
        lease.close()
        lease.close()
    assert remove_unleased(folder, tmp_path / "aside")


def test_a_lease_that_nobody_closed_ends_with_its_object(folder, tmp_path):
    lease = Lease(folder)
    del lease
    assert remove_unleased(folder, tmp_path / "aside")


def test_a_folder_that_is_being_removed_cannot_be_leased(folder):
    remover = os.open(folder, os.O_RDONLY)
    fcntl.flock(remover, fcntl.LOCK_EX)
    with pytest.raises(FileNotFoundError):
        Lease(folder)
    os.close(remover)
    Lease(folder).close()


def test_a_folder_is_leased_or_removed_never_both(tmp_path):
    folder = tmp_path / "gen-000001-aa"
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            folder.mkdir(exist_ok=True)
            remove_unleased(folder, tmp_path / "aside")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    leased = 0
    try:
        ends = time.monotonic() + 10
        while leased < 1500 and time.monotonic() < ends:
            with suppress(FileNotFoundError), closing(Lease(folder)) as lease:
                assert lease.stands()
                leased += 1
    finally:
        stop.set()
        thread.join()
    assert leased > 100


def test_a_lease_knows_that_its_folder_was_replaced_by_another(folder, tmp_path):
    with closing(Lease(folder)) as lease:
        assert lease.stands()
        folder.rename(tmp_path / "moved")
        assert not lease.stands()
        folder.mkdir()
        assert not lease.stands()


def test_opening_writes_nothing_but_what_chroma_notes(built):
    def listing():
        return {path: path.stat().st_mtime_ns for path in [built.folder.path, *built.folder.path.rglob("*")]}

    before = listing()
    generation = built.generation()
    assert len(generation.posts) == generation.lexical.size == 1
    assert listing() == before


def test_a_generation_in_use_outlives_builds_and_the_next_build_removes_it(built, jsonl):
    generation = built.generation()
    rebuild(built, jsonl, 4)
    assert generation.folder.is_dir()
    assert len(built.folder.generations()) == KEPT + 1
    generation.close()
    rebuild(built, jsonl, 1, "Last")
    assert not generation.folder.exists()
    assert len(built.folder.generations()) == KEPT


def test_a_build_that_finds_nothing_new_still_removes_what_is_not_read_any_more(built, jsonl):
    generation = built.generation()
    rebuild(built, jsonl, 3)
    generation.close()
    built.build()
    assert not generation.folder.exists()


def test_a_generation_that_could_not_be_opened_is_not_held(built, jsonl):
    first = built.folder.current()
    with pytest.raises(IndexMismatch):
        Generation(first, Recipe("other/2"))
    rebuild(built, jsonl, KEPT)
    assert not first.exists()


def test_a_closed_generation_says_so(built):
    generation = built.generation()
    generation.close()
    generation.close()
    with pytest.raises(RuntimeError, match="closed"):
        generation.posts  # noqa: B018


def test_a_generation_that_was_removed_is_damage_that_names_it(built, jsonl):
    first = built.folder.current()
    rebuild(built, jsonl, KEPT)
    with pytest.raises(IndexDamaged, match=first.name):
        Generation(first, Recipe(built.embedder.fingerprint))


def test_a_name_that_was_read_too_early_gives_way_to_the_one_in_force(built, jsonl):
    class Early(IndexFolder):
        """Reads the pointer, and is asleep while generations come and go."""

        def current_name(self):
            return early.pop() if early else super().current_name()

    early = [built.folder.current_name()]
    rebuild(built, jsonl, KEPT)
    generation = open_in_force(Early(built.folder.path), Recipe(built.embedder.fingerprint))
    assert generation.folder == built.folder.current()
    generation.close()


def test_the_pointer_is_followed_while_generations_come_and_go(tmp_path):
    folder = IndexFolder(tmp_path)
    stop = threading.Event()

    def swap():
        number = 1
        while not stop.is_set():
            (tmp_path / f"gen-{number}").mkdir()
            replace_file(tmp_path / CURRENT, f"gen-{number}\n")
            if number > 1:
                (tmp_path / f"gen-{number - 1}").rmdir()
            number += 1

    thread = threading.Thread(target=swap)
    thread.start()
    while not (tmp_path / CURRENT).exists():
        time.sleep(0.001)
    try:
        names = {folder.current_name() for _ in range(20_000)}
    finally:
        stop.set()
        thread.join()
    assert len(names) > 5


def test_another_process_goes_on_with_its_generation_while_others_are_built(built, jsonl, reading):
    process = reading(built.folder.current(), built.embedder.fingerprint)
    rebuild(built, jsonl, 4)
    process.stdin.write("read\n")
    process.stdin.flush()
    assert process.stdout.readline() == "It fails on boot. 1\n"


def test_the_lease_of_a_killed_process_is_free_at_once(built, jsonl, reading):
    first = built.folder.current()
    process = reading(first, built.embedder.fingerprint)
    rebuild(built, jsonl, KEPT)
    assert first.is_dir()
    process.kill()
    process.wait()
    rebuild(built, jsonl, 1, "Last")
    assert not first.exists()
