"""Which files are read: order, links, special, hidden, unreadable and binary files, and what each is called."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import zipfile

import pytest

from assistant.corpus import explain, files, read
from assistant.corpus.files import FileToRead, discover
from assistant.corpus.lines import open_lines
from assistant.errors import SourceError
from assistant.types import Skipped

WORDS = "Words that somebody posted here.\n"


def names(*paths):
    return [item.name for item in discover(paths) if isinstance(item, FileToRead)]


def reasons(*paths):
    return {os.path.basename(item.path): item.reason for item in discover(paths) if isinstance(item, Skipped)}


@pytest.fixture
def folder(tmp_path):
    for name in ("posts/b.txt", "posts/a.txt", "posts/sub/c.txt", "posts/a/z.txt"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(WORDS)
    return tmp_path


def test_folders_are_read_in_order_of_name_under_the_path_given(folder, monkeypatch):
    monkeypatch.chdir(folder)
    wanted = ["posts/a/z.txt", "posts/a.txt", "posts/b.txt", "posts/sub/c.txt"]
    assert names("posts") == names("./posts/") == wanted
    assert names(folder / "posts") == [f"{folder.as_posix()}/{name}" for name in wanted]


def test_the_folder_itself_is_not_part_of_a_name_when_it_is_the_current_one(folder, monkeypatch):
    monkeypatch.chdir(folder / "posts")
    assert names(".") == ["a/z.txt", "a.txt", "b.txt", "sub/c.txt"]


def test_a_file_named_twice_is_read_once(folder):
    posts = folder / "posts"
    assert len(names(posts, posts / "b.txt", posts / "sub", posts)) == 4


def test_one_path_need_not_be_in_a_list(folder):
    assert len([item for item in discover(str(folder))]) == 4


def test_discovery_is_lazy(folder, monkeypatch):
    listed = []
    real = os.listdir
    monkeypatch.setattr(files.os, "listdir", lambda path: listed.append(path) or real(path))
    found = discover([folder / "posts"])
    assert listed == []
    next(found)
    assert len(listed) == 2


@pytest.mark.parametrize("path", ["no/such/file.txt", "", "a\0b"])
def test_a_named_path_that_does_not_exist_raises_at_the_call(path, folder):
    for call in (discover, read, explain):
        with pytest.raises(SourceError) as caught:
            call([folder, path])
        assert caught.value.hint


def test_a_named_path_that_must_not_be_read_raises(folder, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda path, mode: not os.fspath(path).endswith("b.txt"))
    with pytest.raises(SourceError, match="permission"):
        discover([folder / "posts/b.txt"])
    assert reasons(folder)["b.txt"] == "cannot be read: permission denied"


def test_links_out_of_the_folder_are_skipped_and_named(folder):
    (folder / "posts/out.txt").symlink_to("/etc/passwd")
    (folder / "posts/up").symlink_to("..")
    (folder / "outside").mkdir()
    (folder / "posts/deep").symlink_to("../outside", target_is_directory=True)
    found = reasons(folder / "posts")
    assert {name for name, reason in found.items() if "leads out of" in reason} == {"out.txt", "up", "deep"}
    assert len(names(folder / "posts")) == 4


def test_links_inside_the_folder_are_read_once_at_their_target(folder):
    (folder / "posts/0.txt").symlink_to("b.txt")
    (folder / "posts/loop").symlink_to(".", target_is_directory=True)
    assert len(names(folder / "posts")) == 4
    assert "posts/b.txt, which is read in its own place" in reasons(folder / "posts")["0.txt"]


def test_broken_and_circular_links_are_named(folder):
    (folder / "gone").symlink_to("nowhere")
    (folder / "self").symlink_to("self")
    found = reasons(folder)
    assert "does not exist" in found["gone"]
    assert "cannot be followed" in found["self"]


def test_a_link_that_was_named_is_followed(folder):
    (folder / "link").symlink_to("posts", target_is_directory=True)
    assert names(folder / "link")[0] == f"{folder.as_posix()}/link/a/z.txt"


def test_special_and_empty_files_are_named(folder):
    os.mkfifo(folder / "pipe")
    (folder / "empty.txt").touch()
    assert reasons(folder) == {"pipe": "a named pipe, not a file", "empty.txt": "the file is empty"}
    assert [item.reason for item in read(folder / "pipe")] == ["a named pipe, not a file"]


def test_hidden_entries_are_named_but_for_the_usual_ones(folder):
    for name in (".git", ".archive"):
        (folder / name).mkdir()
        (folder / name / "x.txt").write_text(WORDS)
    (folder / ".DS_Store").write_text(WORDS)
    assert list(reasons(folder)) == [".archive"]
    assert len(names(folder / ".archive")) == 1


def test_names_that_are_no_utf8_are_shown_as_valid_text(folder):
    with open(os.fsencode(folder) + b"/\xff.txt", "w") as file:
        file.write(WORDS)
    assert [item.source.path for item in read(folder) if hasattr(item, "body")][-1].endswith("\\xff.txt")


def test_binary_files_are_named_as_what_they_are(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.txt", "w") as archive:
        archive.writestr("x", WORDS)
    with tarfile.open(tmp_path / "b.txt.gz", "w:gz") as tar:
        tar.add(tmp_path / "a.txt", "a.txt")
    sqlite3.connect(tmp_path / "c.txt").execute("create table t(x)").connection.close()
    (tmp_path / "d.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (tmp_path / "e.txt").write_bytes(os.urandom(4000) + bytes(4000))
    (tmp_path / "f.txt").write_text(WORDS, encoding="utf-16-le")
    kinds = [item.reason for item in read(tmp_path) if isinstance(item, Skipped)]
    wanted = ["zip", "tar", "SQLite", "PNG", "binary data", "UTF-16"]
    assert all(word in kind for word, kind in zip(wanted, kinds, strict=True))


def test_a_file_that_vanishes_or_turns_into_a_pipe_is_named(folder):
    found = discover(folder / "posts/b.txt")
    file = next(found)
    os.remove(file.location)
    os.mkfifo(file.location)
    problems = []
    assert list(open_lines(file, problems.append)) == []
    os.remove(file.location)
    assert list(open_lines(file, problems.append)) == []
    assert [problem.reason.startswith("cannot be read") for problem in problems] == [True, True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_inside_is_named(folder):
    (folder / "posts/sub").chmod(0)
    try:
        assert "cannot be read" in reasons(folder)["sub"]
    finally:
        (folder / "posts/sub").chmod(stat.S_IRWXU)


def test_importing_the_readers_loads_nothing_but_the_standard_library():
    code = "import sys, assistant.corpus; print(*{name.partition('.')[0] for name in sys.modules})"
    paths = os.pathsep.join(path for path in sys.path if path)
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": paths}
    )
    assert set(run.stdout.split()) - sys.stdlib_module_names <= {"assistant", "__main__"}


def test_ten_thousand_files_are_found_in_order(tmp_path):
    for number in range(10_000):
        (tmp_path / f"{number:05}.txt").write_bytes(b"x")
    found = names(tmp_path)
    assert len(found) == 10_000
    assert found == sorted(found)
